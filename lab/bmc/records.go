package bmc

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/bougou/go-ipmi/pkg/hal"
	"github.com/bougou/go-ipmi/pkg/types"
)

// storage holds the controller's sensor records and inventories, which do not change.
type storage struct {
	sensors map[uint16][]byte
	parts   map[byte][]byte
}

func (s *storage) FRU() hal.FRUStore { return parts(s.parts) }
func (s *storage) SDR() hal.SDRStore { return sensorRecords(s.sensors) }

// sensorRecords and parts are read-only stores.
type (
	sensorRecords map[uint16][]byte
	parts         map[byte][]byte
)

func (s sensorRecords) Read(_ context.Context, id uint16) ([]byte, error) {
	if record, ok := s[id]; ok {
		return record, nil
	}
	return nil, hal.ErrNotFound
}

func (s sensorRecords) RecordIDs(context.Context) ([]uint16, error) {
	return slices.Sorted(maps.Keys(s)), nil
}
func (sensorRecords) Write(context.Context, uint16, []byte) error { return hal.ErrNotSupported }
func (sensorRecords) Delete(context.Context, uint16) error        { return hal.ErrNotSupported }

func (p parts) Read(_ context.Context, id uint8) ([]byte, error) {
	if data, ok := p[id]; ok {
		return data, nil
	}
	return nil, hal.ErrNotFound
}

func (p parts) DeviceIDs(context.Context) ([]uint8, error) { return slices.Sorted(maps.Keys(p)), nil }
func (parts) Write(context.Context, uint8, []byte) error   { return hal.ErrNotSupported }
func (parts) Delete(context.Context, uint8) error          { return hal.ErrNotSupported }

// The inventories: the machine's own, and its power supply's.
const (
	partMachine = 0
	partSupply  = 1
)

// built is when all lab machines were made.
var built = time.Date(2026, time.January, 5, 8, 0, 0, 0, time.UTC)

// newStorage makes the records of the machine of that name.
func newStorage(name string) (*storage, error) {
	s := &storage{sensors: map[uint16][]byte{}, parts: map[byte][]byte{}}
	for _, a := range analogs {
		s.record(sdrFull, a.record())
	}
	for _, d := range discretes {
		s.record(sdrCompact, d.record())
	}
	for _, e := range eventOnlys {
		s.record(sdrEventOnly, append([]byte{controller, 0, e.number, e.entity, 1, e.kind, sensorSpecific, 0x01, 0, 0, 0}, named(e.name)...))
	}
	s.record(sdrPart, append([]byte{controller, partSupply, 0x80, 0, 0, 0x10, 0, entitySupply, 1, 0}, named("PSU1")...))
	s.record(sdrController, append([]byte{controller, 0, 0, 0xbf, 0, 0, 0, entityBoard, 1, 0}, named("Lab BMC")...))

	short := name[:min(len(name), 32)]
	for id, content := range map[byte]types.FRUPackConfig{
		partMachine: {
			Chassis: &types.FRUPackChassis{Type: 23, PartNumber: "LAB-1U", Serial: "C-" + short},
			Board:   &types.FRUPackBoard{MfgDate: built, Mfg: "Cthulix", Product: "lab board", Serial: "B-" + short, PartNumber: "LAB-MB1"},
			Product: &types.FRUPackProduct{Manufacturer: "Cthulix", Name: "lab machine", PartModel: "LAB-1", Version: "1.0", Serial: short},
		},
		partSupply: {Product: &types.FRUPackProduct{Manufacturer: "Cthulix", Name: "power supply 800 W", PartModel: "LAB-PSU", Version: "A", Serial: "P-" + short}},
	} {
		data, err := types.PackFRU(content)
		if err != nil {
			return nil, fmt.Errorf("inventory %d: %w", id, err)
		}
		s.parts[id] = data
	}
	return s, nil
}

// The types of sensor records, and their version.
const (
	sdrFull       = 0x01
	sdrCompact    = 0x02
	sdrEventOnly  = 0x03
	sdrPart       = 0x11
	sdrController = 0x12
	sdrVersion    = 0x51

	controller = 0x20 // the slave address of a BMC
)

// record keeps a record under the next id.
func (s *storage) record(kind byte, body []byte) {
	id := uint16(len(s.sensors) + 1)
	s.sensors[id] = append(binary.LittleEndian.AppendUint16(nil, id), append([]byte{sdrVersion, kind, byte(len(body))}, body...)...)
}

// named is a name in 8-bit characters with its type and length.
func named(name string) []byte { return append([]byte{0xc0 | byte(len(name))}, name...) }

// record is a full sensor record from the sensor's owner on (IPMI 2.0 §43.1).
func (a analog) record() []byte {
	format := byte(0)
	if a.signed {
		format = 0x80
	}
	mask := a.mask()
	m := uint16(a.m) & 0x3ff
	body := []byte{
		controller, 0, a.number, a.entity, 1,
		0x7f, 0x68, // initialised at start; re-arms itself, thresholds are readable
		a.kind, 0x01,
		0, mask & 0x07 << 4, 0, mask >> 3 << 4, mask, 0, // which thresholds make states; readable, none settable
		format, a.unit, 0,
		0, byte(m), byte(m >> 8 << 6), 0, 0, 0, byte(a.exp) << 4,
		0x00, 0, 0, 0, 0xff, 0x00,
	}
	for _, threshold := range []int{a.unr, a.uc, a.unc, a.lnr, a.lc, a.lnc} {
		if threshold == none {
			threshold = 0
		}
		body = append(body, byte(threshold))
	}
	body = append(body, 1, 1, 0, 0, 0)
	return append(body, named(a.name)...)
}

// record is a compact sensor record from the sensor's owner on (IPMI 2.0 §43.2).
func (d discrete) record() []byte {
	offset := byte(0)
	if d.count > 1 {
		offset = 0x81 // the names and the entities count from 1
	}
	return append([]byte{
		controller, 0, d.number, d.entity, 1,
		0x7f, 0x40, d.kind, sensorSpecific,
		0xff, 0x7f, 0, 0, 0xff, 0x7f, // states that are reported and can be read
		0xc0, 0, 0,
		byte(d.count), offset,
		0, 0, 0, 0, 0, 0,
	}, named(d.name)...)
}
