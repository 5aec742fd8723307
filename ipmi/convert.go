package ipmi

import "math"

// factors turn a sensor's byte into a value: y = L((M·x + B·10^bExp)·10^rExp) (IPMI 2.0 §36.3).
type factors struct {
	m, b       int
	bExp, rExp int
	// format says how the byte is signed, linear which function L is.
	format, linear byte
}

// The forms of a reading's byte (IPMI 2.0 §43.1, byte 21); formatNone marks a sensor without an analog reading.
const (
	formatUnsigned = 0
	formatOnes     = 1
	formatTwos     = 2
	formatNone     = 3
)

// linearPerReading begins the sensors whose factors depend on the reading and have to be asked for.
const linearPerReading = 0x70

// decodeFactors reads six bytes of factors, as they stand in a full sensor record and in the answer to Get Sensor
// Reading Factors: M and B have ten bits, the exponents four, all in two's complement.
func decodeFactors(raw []byte) factors {
	f := fields{rest: raw}
	m, mHigh, b, bHigh := f.u8(), f.u8(), f.u8(), f.u8()
	f.u8() // accuracy
	exponents := f.u8()
	return factors{
		m: signed(int(m)|int(mHigh>>6)<<8, 10), b: signed(int(b)|int(bHigh>>6)<<8, 10),
		rExp: signed(int(exponents>>4), 4), bExp: signed(int(exponents&0x0f), 4),
	}
}

// signed reads the lowest bits of n as a number in two's complement.
func signed(n, bits int) int {
	if n&(1<<(bits-1)) != 0 {
		return n - 1<<bits
	}
	return n
}

// linearizations are the functions L, by their numbers (IPMI 2.0 §43.1, byte 24).
var linearizations = []func(float64) float64{
	func(x float64) float64 { return x },
	math.Log, math.Log10, math.Log2, math.Exp,
	func(x float64) float64 { return math.Pow(10, x) },
	math.Exp2,
	func(x float64) float64 { return 1 / x },
	func(x float64) float64 { return x * x },
	func(x float64) float64 { return x * x * x },
	math.Sqrt,
	math.Cbrt,
}

// value converts a reading. ok is false where there is none: a sensor without one, an unknown function, or a
// result that is no number.
func (f factors) value(reading byte) (value float64, ok bool) {
	var x float64
	switch f.format {
	case formatUnsigned:
		x = float64(reading)
	case formatOnes:
		x = float64(int8(reading))
		if reading&0x80 != 0 {
			x++ // so that 0xff is a second zero
		}
	case formatTwos:
		x = float64(int8(reading))
	default:
		return 0, false
	}
	linear := f.linear
	if linear >= linearPerReading {
		linear = 0 // the factors are those of this very reading
	}
	if int(linear) >= len(linearizations) {
		return 0, false
	}
	value = linearizations[linear]((float64(f.m)*x + float64(f.b)*math.Pow10(f.bExp)) * math.Pow10(f.rExp))
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, false
	}
	return value, true
}
