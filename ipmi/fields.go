package ipmi

import (
	"encoding/binary"
	"fmt"
)

// fields reads a message from its front. Past the end everything is zero and short is set, so that a decoder need
// not check each length: it asks once, at its end.
type fields struct {
	rest  []byte
	short bool
}

// take returns the next n bytes, which stay the message's own.
func (f *fields) take(n int) []byte {
	if n > len(f.rest) {
		f.short, f.rest = true, nil
		return make([]byte, n)
	}
	taken := f.rest[:n:n]
	f.rest = f.rest[n:]
	return taken
}

func (f *fields) u8() byte    { return f.take(1)[0] }
func (f *fields) u16() uint16 { return binary.LittleEndian.Uint16(f.take(2)) }
func (f *fields) u32() uint32 { return binary.LittleEndian.Uint32(f.take(4)) }

func (f *fields) u24() uint32 {
	b := f.take(3)
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
}

// end says whether the message had all that was read of it.
func (f *fields) end(what string) error {
	if f.short {
		return fmt.Errorf("%w: %s is cut short", errUnusable, what)
	}
	return nil
}
