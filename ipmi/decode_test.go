package ipmi

import (
	"bytes"
	"crypto/aes"
	"testing"

	"github.com/bougou/go-ipmi/pkg/types"
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
	if err != nil || got != (Boot{Device: DeviceOther, EFI: true, Valid: true}) {
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
		again, err := encodeBoot(boot)
		if err != nil || !bootHolds(again, flags) {
			t.Errorf("% x is %+v, which is % x (%v)", flags, boot, again, err)
		}
	})
}

// FuzzGuard shows that what the guard lets through does not upset the library's decoder.
func FuzzGuard(f *testing.F) {
	header := []byte{6, 0, 0xff, 7, 6, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0}
	f.Add(append(header, 0, 0, 4, 0, 0xa3, 0xa2, 0xa1, 0xa0), byte(0x11))
	f.Add(append(header, 0, 1), byte(0x11))
	f.Add(append(bytes.Clone(header), bytes.Repeat([]byte{1}, 60)...), byte(0x13))
	f.Add([]byte{6, 0, 0xff, 7, 6, 0xc0}, byte(0))
	f.Fuzz(func(t *testing.T, packet []byte, want byte) {
		g := newGuard(nil, "password", 17)
		g.want = want & 0x3f
		g.rakp1 = append(make([]byte, 27), 5, 'a', 'd', 'm', 'i', 'n')
		if g.want == payloadIPMI {
			g.k1 = make([]byte, 32)
		}
		before := bytes.Clone(packet)
		admitted := g.admit(packet)
		if !bytes.Equal(before, packet) {
			t.Error("the packet was changed")
		}
		if admitted {
			_ = new(types.Rmcp).Unpack(packet)
		}
	})
}

func FuzzPadding(f *testing.F) {
	f.Add(make([]byte, 32))
	f.Add(make([]byte, 33))
	f.Fuzz(func(t *testing.T, payload []byte) {
		block, err := aes.NewCipher(make([]byte, 16))
		if err != nil {
			t.Fatal(err)
		}
		if paddingFits(block, payload) && len(payload) < 32 {
			t.Errorf("%d bytes cannot hold a message", len(payload))
		}
	})
}
