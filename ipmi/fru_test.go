package ipmi

import (
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// area closes an area: end marker, padding, length and checksum.
func area(content ...byte) []byte {
	all := append([]byte{fruVersion, 0}, content...)
	all = append(all, fruEndMarker)
	for (len(all)+1)%fruUnit != 0 {
		all = append(all, 0)
	}
	all[1] = byte((len(all) + 1) / fruUnit)
	return append(all, -sum(all))
}

func plain(texts ...string) (all []byte) {
	for _, text := range texts {
		all = append(append(all, 0xc0|byte(len(text))), text...)
	}
	return all
}

func inventory(chassis, board, product []byte) []byte {
	header := []byte{fruVersion, 0, 0, 0, 0, 0, 0}
	at := 1
	for i, part := range [][]byte{chassis, board, product} {
		if part != nil {
			header[2+i] = byte(at)
			at += len(part) / fruUnit
		}
	}
	data := append(header, -sum(header))
	return append(append(append(data, chassis...), board...), product...)
}

func sampleInventory() []byte {
	minutes := binary.LittleEndian.AppendUint32(nil, 14_000_000)[:3]
	board := append(append([]byte{english}, minutes...), plain("ACME", "Board")...)
	board = append(board, 0x83, 0x29, 0xdc, 0xa6) // 6-bit: IPMI
	board = append(board, 0x42, 0x12, 0x34)       // BCD plus
	board = append(board, 0x02, 0xca, 0xfe)       // binary
	return inventory(
		area(append([]byte{23}, plain("chassis-1", "C0FFEE", "custom")...)...),
		area(board...),
		area(append([]byte{englishDefault}, plain("ACME", "Server  ", "P1", "v2", "S-7", "", "")...)...),
	)
}

func TestInventory(t *testing.T) {
	var fru FRU
	if err := fru.decode(sampleInventory()); err != nil {
		t.Fatal(err)
	}
	if want := (&ChassisArea{Type: "Rack Mount Chassis", PartNumber: "chassis-1", Serial: "C0FFEE", Custom: []string{"custom"}}); !reflect.DeepEqual(fru.Chassis, want) {
		t.Errorf("%+v, want %+v", fru.Chassis, want)
	}
	want := &BoardArea{
		Manufactured: time.Date(1996, 1, 1, 0, 0, 0, 0, time.UTC).Add(14_000_000 * time.Minute),
		Manufacturer: "ACME", Product: "Board", Serial: "IPMI", PartNumber: "1234", FileID: "cafe",
	}
	if !reflect.DeepEqual(fru.Board, want) {
		t.Errorf("%+v, want %+v", fru.Board, want)
	}
	if want := (&ProductArea{Manufacturer: "ACME", Name: "Server", PartNumber: "P1", Version: "v2", Serial: "S-7"}); !reflect.DeepEqual(fru.Product, want) {
		t.Errorf("%+v, want %+v", fru.Product, want)
	}
}

func TestInventoryInAnotherLanguage(t *testing.T) {
	const russian = 64
	var fru FRU
	content := append([]byte{russian}, 0xc2, 0x16, 0x04) // a 16-bit character
	if err := fru.decode(inventory(nil, nil, area(append(content, plain("Name", "", "", "SN42")...)...))); err != nil {
		t.Fatal(err)
	}
	if fru.Product.Manufacturer != "Ж" || fru.Product.Name != "Name" || fru.Product.Serial != "SN42" {
		t.Errorf("%+v", fru.Product)
	}
}

// A text of one character begins with the byte that marks the end of an area.
func TestOneCharacter(t *testing.T) {
	var fru FRU
	if err := fru.decode(inventory(nil, nil, area(append([]byte{english}, plain("ACME", "PSU", "P1", "A", "S-7")...)...))); err != nil {
		t.Fatal(err)
	}
	if fru.Product.Version != "A" || fru.Product.Serial != "S-7" || fru.Product.AssetTag != "" {
		t.Errorf("%+v", fru.Product)
	}
}

func TestBadInventories(t *testing.T) {
	spoiled := sampleInventory()
	spoiled[20]++
	header := sampleInventory()
	header[7]++
	for name, tc := range map[string]struct {
		data []byte
		want string
	}{
		"short":           {[]byte{1, 0, 0}, "3 bytes"},
		"header checksum": {header, "header"},
		"area checksum":   {spoiled, "chassis area"},
		"cut":             {sampleInventory()[:40], "board area"},
	} {
		var fru FRU
		if err := fru.decode(tc.data); !errors.Is(err, errUnusable) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	for _, fill := range []byte{0x00, 0xff} {
		data := make([]byte, 256)
		for i := range data {
			data[i] = fill
		}
		if err := new(FRU).decode(data); !errors.Is(err, errBlank) {
			t.Errorf("0x%02x all over: %v", fill, err)
		}
	}
}

func FuzzInventory(f *testing.F) {
	f.Add(sampleInventory())
	f.Add(inventory(nil, area(0xff), nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		var fru FRU
		if err := fru.decode(data); err != nil {
			return
		}
		// What decodes has good checksums, so each byte counts.
		if fru.Board != nil {
			spoiled := append([]byte(nil), data...)
			spoiled[int(data[3])*fruUnit+2]++
			if err := new(FRU).decode(spoiled); err == nil {
				t.Error("a spoiled board area was not noticed")
			}
		}
	})
}
