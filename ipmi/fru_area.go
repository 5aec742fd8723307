package ipmi

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bougou/go-ipmi/pkg/types"
)

// FRU is an inventory: who made a part and which one it is ("FRU Information Storage Definition" v1.0).
type FRU struct {
	// ID is the inventory's number on its controller; 0 is the controller's own board. Name is what the sensor
	// records call it.
	ID   uint8
	Name string
	// Chassis, Board and Product are the areas that are there.
	Chassis *ChassisArea
	Board   *BoardArea
	Product *ProductArea
	// Problem says what could not be read or decoded. The areas before it are good.
	Problem string
}

// ChassisArea describes an enclosure.
type ChassisArea struct {
	// Type is the enclosure's, in SMBIOS's words.
	Type, PartNumber, Serial string
	// Custom are the manufacturer's own fields.
	Custom []string
}

// BoardArea describes a board.
type BoardArea struct {
	// Manufactured is when, in UTC; zero when unknown.
	Manufactured                                      time.Time
	Manufacturer, Product, Serial, PartNumber, FileID string
	Custom                                            []string
}

// ProductArea describes what was sold.
type ProductArea struct {
	Manufacturer, Name, PartNumber, Version, Serial, AssetTag, FileID string
	Custom                                                            []string
}

// errBlank marks an inventory that was never written.
var errBlank = errors.New("the inventory is blank")

// The layout of an inventory: a header of eight bytes, whose offsets count in eight bytes.
const (
	fruVersion   = 0x01
	fruHeader    = 8
	fruUnit      = 8
	fruEndMarker = 0xc1
	// The language codes of text in 8-bit characters; in other languages it has 16 bits.
	englishDefault, english = 0, 25
)

// decode reads the areas of an inventory.
func (fru *FRU) decode(data []byte) error {
	if len(data) < fruHeader {
		return fmt.Errorf("%w: an inventory of %d bytes", errUnusable, len(data))
	}
	header := data[:fruHeader]
	if blank(header) {
		return errBlank
	}
	if header[0]&0x0f != fruVersion || sum(header) != 0 {
		return fmt.Errorf("%w: the inventory's header % x has an unknown version or a wrong checksum", errUnusable, header)
	}
	for _, part := range []struct {
		name   string
		offset byte
		decode func(*areaReader)
	}{
		{"chassis", header[2], fru.chassis},
		{"board", header[3], fru.board},
		{"product", header[4], fru.product},
	} {
		if part.offset == 0 {
			continue
		}
		area, err := cutArea(data, int(part.offset)*fruUnit)
		if err != nil {
			return fmt.Errorf("the %s area: %w", part.name, err)
		}
		part.decode(area)
	}
	return nil
}

// blank says whether a memory was never written: all zeros or all ones.
func blank(data []byte) bool {
	for _, b := range data {
		if b != data[0] {
			return false
		}
	}
	return data[0] == 0x00 || data[0] == 0xff
}

// sum is the checksum: it is zero over a whole area.
func sum(data []byte) (total byte) {
	for _, b := range data {
		total += b
	}
	return total
}

// cutArea checks an area and leaves out its version, length and checksum.
func cutArea(data []byte, start int) (*areaReader, error) {
	if start+2 > len(data) {
		return nil, fmt.Errorf("%w: begins at byte %d of %d", errUnusable, start, len(data))
	}
	size := int(data[start+1]) * fruUnit
	if size == 0 || start+size > len(data) {
		return nil, fmt.Errorf("%w: has %d bytes from byte %d of %d", errUnusable, size, start, len(data))
	}
	area := data[start : start+size]
	if area[0]&0x0f != fruVersion {
		return nil, fmt.Errorf("%w: version %d", errUnusable, area[0]&0x0f)
	}
	if sum(area) != 0 {
		return nil, fmt.Errorf("%w: wrong checksum", errUnusable)
	}
	return &areaReader{fields: fields{rest: area[2 : size-1]}}, nil
}

func (fru *FRU) chassis(a *areaReader) {
	kind := a.u8()
	fru.Chassis = &ChassisArea{Type: types.ChassisType(kind).String(), PartNumber: a.text(), Serial: a.text(), Custom: a.custom()}
}

// fruEpoch is where the minutes of a board's date begin.
var fruEpoch = time.Date(1996, time.January, 1, 0, 0, 0, 0, time.UTC)

func (fru *FRU) board(a *areaReader) {
	a.language = a.u8()
	board := &BoardArea{}
	if minutes := a.u24(); minutes != 0 {
		board.Manufactured = fruEpoch.Add(time.Duration(minutes) * time.Minute)
	}
	for _, field := range []*string{&board.Manufacturer, &board.Product, &board.Serial, &board.PartNumber, &board.FileID} {
		*field = a.text()
	}
	board.Custom = a.custom()
	fru.Board = board
}

func (fru *FRU) product(a *areaReader) {
	a.language = a.u8()
	product := &ProductArea{}
	for _, field := range []*string{
		&product.Manufacturer, &product.Name, &product.PartNumber, &product.Version,
		&product.Serial, &product.AssetTag, &product.FileID,
	} {
		*field = a.text()
	}
	product.Custom = a.custom()
	fru.Product = product
}

// areaReader reads the fields of an area up to the end marker.
type areaReader struct {
	fields
	language byte
	done     bool
}

// next reads a field. An area without an end marker ends where its bytes do.
func (a *areaReader) next(atEnd func() bool) (text string, ok bool) {
	if a.done || len(a.rest) == 0 || a.rest[0] == fruEndMarker && atEnd() {
		a.done = true
		return "", false
	}
	kind := a.u8()
	data := a.take(min(int(kind&0x3f), len(a.rest)))
	switch kind >> 6 {
	case textBinary:
		text = hex.EncodeToString(data)
	case textBCD:
		text = bcdText(data)
	case textSixBit:
		text = sixBitText(data)
	case textPlain:
		// Serial numbers are English whatever the language says, and so is what looks like it.
		text = latinText(data)
		if a.language != englishDefault && a.language != english && len(data)%2 == 0 && wide(data) {
			text = wideText(data)
		}
	}
	return strings.TrimRight(text, " "), true
}

// wide says whether bytes look like 16-bit characters: as 8-bit ones, some would be control characters.
func wide(data []byte) bool {
	for i, b := range data {
		if b < ' ' && (i%2 == 1 || b != 0) {
			return true
		}
	}
	return false
}

// text reads one of the fields that an area always has. The end marker is also how a text of one character begins,
// which some write all the same: among these fields it is the end only if nothing but padding follows.
func (a *areaReader) text() string {
	text, _ := a.next(func() bool { return blank(append([]byte{0}, a.rest[1:]...)) })
	return text
}

func (a *areaReader) custom() (all []string) {
	for {
		text, ok := a.next(func() bool { return true })
		if !ok {
			return all
		}
		if text != "" {
			all = append(all, text)
		}
	}
}
