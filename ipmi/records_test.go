package ipmi

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"
)

// fullSensor is a temperature sensor's record: M=1, B=-128, in degrees C.
func fullSensor(name string) []byte {
	body := []byte{
		0x20, 0x00, 0x07, 0x03, 0x01, 0x7f, 0x68, 0x01, 0x01,
		0x00, 0x00, 0x00, 0x00, 0x3f, 0x3f,
		0x00, 0x01, 0x00, // unsigned, degrees C
		0x00, 0x01, 0x00, 0x80, 0xc0, 0x00, 0x00,
		0x07, 0x19, 0x7f, 0x80, 0xff, 0x00, 0xf0, 0xe8, 0xe0, 0x80, 0x85, 0x88, 0x02, 0x02,
		0x00, 0x00, 0x00,
	}
	return record(sdrFull, append(append(body, 0xc0|byte(len(name))), name...))
}

func record(kind byte, body []byte) []byte {
	return append([]byte{0x01, 0x00, 0x51, kind, byte(len(body))}, body...)
}

func TestDecodeSensor(t *testing.T) {
	s, ok, err := decodeSensor(fullSensor("CPU Temp"))
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if s.name != "CPU Temp" || s.number != 7 || s.entity != 3 || s.instance != 1 || unit(s) != "degrees C" || s.readable != 0x3f {
		t.Errorf("%+v in %q", s, unit(s))
	}
	if s.factors.m != 1 || s.factors.b != -128 {
		t.Errorf("factors %+v", s.factors)
	}
	if value, ok := s.factors.value(170); !ok || value != 42 {
		t.Errorf("170 is %v, %v; want 42", value, ok)
	}
}

func TestSharedSensors(t *testing.T) {
	body := []byte{0x20, 0x00, 0x10, 0x1d, 0x01, 0x7f, 0x68, 0x04, 0x6f, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0x13, 0x81, 0, 0, 0, 0, 0, 0, 0xc4}
	s, ok, err := decodeSensor(record(sdrCompact, append(body, "Fan "...)))
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	var names []string
	for _, m := range s.members() {
		names = append(names, m.name)
	}
	if want := []string{"FanB", "FanC", "FanD"}; !reflect.DeepEqual(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	if last := s.members()[2]; last.number != 0x12 || last.instance != 3 {
		t.Errorf("the last one: %+v", last)
	}
}

func TestFactors(t *testing.T) {
	for name, tc := range map[string]struct {
		f    factors
		raw  byte
		want float64
	}{
		"volts":            {factors{m: 59, rExp: -3}, 203, 11.977},
		"RPM":              {factors{m: 75}, 80, 6000},
		"offset":           {factors{m: 2, b: 5, bExp: 1, rExp: -1}, 10, 7},
		"ones' complement": {factors{m: 1, format: formatOnes}, 0xfe, -1},
		"minus zero":       {factors{m: 1, format: formatOnes}, 0xff, 0},
		"two's complement": {factors{m: 1, format: formatTwos}, 0xff, -1},
		"reciprocal":       {factors{m: 1, linear: 7}, 4, 0.25},
		"square root":      {factors{m: 1, linear: 10}, 49, 7},
		"cube root":        {factors{m: 1, linear: 11}, 27, 3},
		"log10":            {factors{m: 1, linear: 2}, 100, 2},
		"of the reading":   {factors{m: 3, linear: 0x71}, 5, 15},
	} {
		got, ok := tc.f.value(tc.raw)
		if !ok || math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("%s: %v, %v; want %v", name, got, ok, tc.want)
		}
	}
	for name, f := range map[string]factors{"none": {m: 1, format: formatNone}, "1/0": {m: 0, linear: 7}, "unknown": {m: 1, linear: 0x20}} {
		if got, ok := f.value(3); ok {
			t.Errorf("%s: %v, want no value", name, got)
		}
	}
	if got := decodeFactors([]byte{0xff, 0xc0, 0x80, 0x80, 0, 0xd2}); got.m != -1 || got.b != -384 || got.rExp != -3 || got.bExp != 2 {
		t.Errorf("%+v", got)
	}
}

func TestDecodeThresholds(t *testing.T) {
	got, err := decodeThresholds([]byte{0x1b, 10, 5, 99, 80, 90, 99}, factors{m: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got.LowerNonRecoverable != nil || got.UpperNonRecoverable != nil {
		t.Errorf("thresholds that are not there: %+v", got)
	}
	if *got.LowerNonCritical != 10 || *got.LowerCritical != 5 || *got.UpperNonCritical != 80 || *got.UpperCritical != 90 {
		t.Errorf("%+v", got)
	}
}

func TestThresholdState(t *testing.T) {
	for crossed, want := range map[byte]SensorState{
		0: SensorOK, 0xc0: SensorOK, bitLowerNonCritical: SensorNonCritical,
		bitUpperNonCritical | bitUpperCritical: SensorCritical, 0x38: SensorNonRecoverable,
	} {
		if got := thresholdState(crossed); got != want {
			t.Errorf("0x%02x: %s, want %s", crossed, got, want)
		}
	}
}

func TestReadingThatIsNone(t *testing.T) {
	for name, tc := range map[string]struct {
		answer []byte
		valid  bool
	}{
		"good":        {[]byte{42, 0xc0, 0xc0, 0}, true},
		"short":       {[]byte{42, 0x40}, true},
		"unavailable": {[]byte{42, 0xe0, 0xc0}, false},
		"not scanned": {[]byte{42, 0x80, 0xc0}, false},
	} {
		if got, err := decodeReading(tc.answer); err != nil || got.valid != tc.valid {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := decodeReading([]byte{1}); !errors.Is(err, errUnusable) {
		t.Errorf("one byte: %v", err)
	}
}

func TestDecodeEvent(t *testing.T) {
	at := []byte{0x00, 0x36, 0x6e, 0x65} // 2023-12-04T20:26:40Z
	system := append(append([]byte{0x2a, 0x00, 0x02}, at...), 0x20, 0x00, 0x04, 0x01, 0x07, 0x81, 0x59, 0x5f, 0x5a)
	e, err := decodeEvent(system)
	if err != nil {
		t.Fatal(err)
	}
	if e.ID != 42 || e.Kind != EventSystem || e.Time != time.Date(2023, 12, 4, 20, 26, 40, 0, time.UTC) || e.Asserted || e.Offset != 9 {
		t.Errorf("%+v", e)
	}
	if e.SensorType != "Temperature" || e.Text != "Upper Critical - going high" {
		t.Errorf("%q, %q", e.SensorType, e.Text)
	}
	NameEvents([]Event{}, nil)
	named := []Event{e}
	NameEvents(named, []Sensor{{Name: "wrong", Number: 7, Owner: 0x22}, {Name: "CPU Temp", Number: 7, Owner: 0x20}})
	if got, want := named[0].String(), "42 2023-12-04T20:26:40Z Temperature CPU Temp: Upper Critical - going high, deasserted"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	oem, err := decodeEvent(append(append([]byte{1, 0, 0xc1}, at...), 0x57, 0x01, 0x00, 1, 2, 3, 4, 5, 6))
	if err != nil || oem.Kind != EventOEM || oem.Manufacturer != 0x157 || len(oem.Data) != 6 {
		t.Errorf("%+v, %v", oem, err)
	}
	plain, err := decodeEvent(append([]byte{1, 0, 0xe0}, make([]byte, 13)...))
	if err != nil || plain.Kind != EventOEMPlain || len(plain.Data) != 13 || !plain.Time.IsZero() {
		t.Errorf("%+v, %v", plain, err)
	}
	early, err := decodeEvent(append([]byte{1, 0, 2, 30, 0, 0, 0}, make([]byte, 9)...))
	if err != nil || early.SinceStart != 30*time.Second || !early.Time.IsZero() {
		t.Errorf("%+v, %v", early, err)
	}
	if _, err := decodeEvent(system[:15]); !errors.Is(err, errUnusable) {
		t.Errorf("15 bytes: %v", err)
	}
}

func TestTexts(t *testing.T) {
	for want, got := range map[string]string{
		"IPMI":   sixBitText([]byte{0x29, 0xdc, 0xa6}),
		"12-3.4": bcdText([]byte{0x12, 0xb3, 0xc4}),
		"a.b":    latinText([]byte{'a', 0x1b, 'b', 0, 'c'}),
		"Größe":  latinText([]byte{'G', 'r', 0xf6, 0xdf, 'e'}),
		"Ж":      wideText([]byte{0x16, 0x04, 0x00}),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSOLSequence(t *testing.T) {
	if got := nextSOL(15); got != 1 {
		t.Errorf("15 is followed by %d", got)
	}
	var r solReceiver
	for _, step := range []struct {
		sequence   byte
		data, want string
	}{{1, "abc", "abc"}, {1, "abc", ""}, {1, "abcde", "de"}, {2, "f", "f"}, {2, "", ""}} {
		p := solPacket{sequence: step.sequence, data: []byte(step.data)}
		if got := string(r.fresh(p)); got != step.want {
			t.Errorf("packet %d %q: new is %q, want %q", step.sequence, step.data, got, step.want)
		}
		r.take(p)
	}
}

func FuzzRecords(f *testing.F) {
	f.Add(fullSensor("x"))
	f.Add(record(sdrCompact, bytes.Repeat([]byte{0xff}, 27)))
	f.Add(record(sdrEventOnly, bytes.Repeat([]byte{0x1f}, 12)))
	f.Add(record(sdrFRU, bytes.Repeat([]byte{0x5f}, 20)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, ok, err := decodeSensor(data); ok && err == nil {
			for _, m := range s.members() {
				_, _, _ = unit(m), sensorTypeName(m.sensorType), stateName(m.sensorType, m.readingType, 3)
				if value, ok := m.factors.value(0x81); ok && (math.IsNaN(value) || math.IsInf(value, 0)) {
					t.Errorf("%+v is %v", m.factors, value)
				}
			}
		}
		_, _, _ = decodeLocator(data)
		if e, err := decodeEvent(data); err == nil && e.String() == "" {
			t.Error("an event without a text")
		}
	})
}

// FuzzAnswers feeds every decoder of an answer.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x51, 1, 0, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 0x82})
	f.Add([]byte{0x44, 0x43, 0, 0, 0x2c, 1, 0x20, 1})
	f.Fuzz(func(t *testing.T, answer []byte) {
		_, _ = decodeStatus(answer)
		_, _ = decodeInfo(answer)
		_, _ = decodeSELInfo(answer)
		_, _, _ = decodeUser(answer)
		_, _ = decodeWatchdog(answer)
		_, _ = decodeReading(answer)
		_, _ = decodeThresholds(answer, factors{m: 1})
		for _, p := range lanParameters {
			p.read(&LAN{}, &fields{rest: answer})
		}
		_ = new(FRU).decode(answer)
		if room, err := decodeActivation(answer); err == nil && (room < 1 || room > 255) {
			t.Errorf("a console that takes %d bytes", room)
		}
		if p, ok := decodeSOL(answer); ok {
			var r solReceiver
			r.take(p)
			if len(r.fresh(p)) != 0 && p.sequence != 0 {
				t.Errorf("%+v is new twice", p)
			}
		}
	})
}
