package ipmi

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func TestBootHolds(t *testing.T) {
	for name, tc := range map[string]struct {
		set, got []byte
		want     bool
	}{
		"same":            {[]byte{0xe0, 0x04, 0, 0, 0}, []byte{0xe0, 0x04, 0, 0, 0}, true},
		"other low bits":  {[]byte{0xe0, 0x04}, []byte{0xe1, 0x85}, true},
		"not valid":       {[]byte{0xe0, 0x04}, []byte{0x60, 0x04}, false},
		"not persistent":  {[]byte{0xe0, 0x04}, []byte{0xa0, 0x04}, false},
		"not UEFI":        {[]byte{0xa0, 0x04}, []byte{0x80, 0x04}, false},
		"other device":    {[]byte{0x80, 0x04}, []byte{0x80, 0x08}, false},
		"none":            {[]byte{0x00, 0x00}, []byte{0x00, 0x00}, true},
		"none, but valid": {[]byte{0x00, 0x00}, []byte{0x80, 0x00}, true},
		"none, but PXE":   {[]byte{0x00, 0x00}, []byte{0x80, 0x04}, false},
		"short":           {[]byte{0x80, 0x04}, []byte{0x80}, false},
	} {
		if got := bootHolds(tc.set, tc.got); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestDecodeBootOther(t *testing.T) {
	got, err := decodeBoot([]byte{0xa0, 0x14, 0, 0, 0}) // a CD-ROM
	if err != nil || got != (Boot{Device: DeviceOther, EFI: true, Valid: true, Flags: [2]byte{0xa0, 0x14}}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzDecodeBoot(f *testing.F) {
	for _, seed := range [][]byte{nil, {0x80}, {0xe0, 0x04, 0, 0, 0}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, flags []byte) {
		boot, err := decodeBoot(flags)
		if err != nil || !boot.Valid || boot.Device == DeviceOther || boot.Device == DeviceNone {
			return
		}
		boot.Flags = [2]byte{}
		again, err := encodeBoot(boot)
		if err != nil || !bootHolds(again, flags) {
			t.Errorf("% x is %+v, which is % x (%v)", flags, boot, again, err)
		}
	})
}

// testSession is a session that was not logged in.
func testSession(t testing.TB, id int) *sealer {
	t.Helper()
	s, err := newSealer(suites[id], make([]byte, 20), make([]byte, 20))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealAndOpen(t *testing.T) {
	for id := range suites {
		s := testSession(t, id)
		for size := range 70 {
			payload := bytes.Repeat([]byte{0xa5}, size)
			packet := s.seal(payloadIPMI, 7, 9, payload)
			if signed := len(packet) - rmcpHeader - s.size; signed%4 != 0 {
				t.Fatalf("suite %d: %d bytes are signed", id, signed)
			}
			kind, session, got, ok := s.open(packet)
			if !ok || kind != payloadIPMI || session != 7 || !bytes.Equal(got, payload) {
				t.Fatalf("suite %d: %d bytes became kind %d, session %d, % x, %v", id, size, kind, session, got, ok)
			}
		}
	}
}

// FuzzOpen signs what it makes up, so that the checks behind the signature are reached, too.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("hello"), byte(0xc0), uint16(32), true)
	f.Add(make([]byte, 64), byte(0xc1), uint16(48), false)
	f.Fuzz(func(t *testing.T, body []byte, kind byte, size uint16, sign bool) {
		s := testSession(t, 17)
		packet := append(appendHeader(nil, kind, 1, 1), body...)
		binary.LittleEndian.PutUint16(packet[payloadOffset-2:], size)
		if sign {
			packet = append(packet, s.signature(packet[rmcpHeader:])...)
		}
		_, _, payload, ok := s.open(packet)
		if ok {
			_, _ = parseAnswer(payload)
		}
		_, _ = parseAnswer(body)
	})
}
