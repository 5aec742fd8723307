package ipmi

import "strings"

// How the text of a field is written: the two highest bits of its type/length byte (IPMI 2.0 §43.15, FRU §13).
const (
	textBinary = 0 // in FRU data; 16-bit characters in sensor records
	textBCD    = 1
	textSixBit = 2
	textPlain  = 3
)

// bcdPlus are the characters of "BCD plus".
const bcdPlus = "0123456789 -.:,_"

// bcdText unpacks two characters a byte, the first in the high half.
func bcdText(data []byte) string {
	var text strings.Builder
	for _, b := range data {
		text.WriteByte(bcdPlus[b>>4])
		text.WriteByte(bcdPlus[b&0x0f])
	}
	return text.String()
}

// sixBitText unpacks four characters from each three bytes, the first in the lowest bits. The characters are those
// from space to underscore.
func sixBitText(data []byte) string {
	var text strings.Builder
	held, bits := uint(0), 0
	for _, b := range data {
		held |= uint(b) << bits
		for bits += 8; bits >= 6; bits -= 6 {
			text.WriteByte(byte(held&0x3f) + ' ')
			held >>= 6
		}
	}
	return text.String()
}

// latinText reads 8-bit characters, up to a zero byte. What no terminal should see becomes a dot.
func latinText(data []byte) string {
	var text strings.Builder
	for _, b := range data {
		if b == 0 {
			break
		}
		if b < ' ' || b >= 0x7f && b < 0xa0 {
			b = '.'
		}
		text.WriteRune(rune(b))
	}
	return text.String()
}

// wideText reads 16-bit characters, low byte first.
func wideText(data []byte) string {
	var text strings.Builder
	for ; len(data) >= 2; data = data[2:] {
		r := rune(data[0]) | rune(data[1])<<8
		if r == 0 {
			break
		}
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0xd800 && r < 0xe000 {
			r = '.'
		}
		text.WriteRune(r)
	}
	return text.String()
}

// recordText reads the name in a sensor record: a type/length byte, then the characters.
func recordText(f *fields) string {
	kind := f.u8()
	data := f.take(min(int(kind&0x1f), len(f.rest)))
	switch kind >> 6 {
	case textBCD:
		return strings.TrimRight(bcdText(data), " ")
	case textSixBit:
		return strings.TrimRight(sixBitText(data), " ")
	case textPlain:
		return strings.TrimRight(latinText(data), " ")
	}
	return strings.TrimRight(wideText(data), " ")
}
