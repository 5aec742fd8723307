package bmc

import (
	"encoding/binary"
	"sync"

	"github.com/bougou/go-ipmi/pkg/clock"
	"github.com/bougou/go-ipmi/pkg/handlers"
	"github.com/bougou/go-ipmi/pkg/types"
)

// event is what a sensor reports: its type and number, and the state that it entered.
type event struct{ sensorType, sensor, offset byte }

// sensorSpecific is the reading type of sensors whose states depend on what they are.
const sensorSpecific = 0x6f

// The events of the machine's power, reported by the sensors of that number.
var (
	eventOn    = event{typeACPI, sensorACPI, 0x00}
	eventOff   = event{typeACPI, sensorACPI, 0x05}
	eventSoft  = event{typeACPI, sensorACPI, 0x05}
	eventCycle = event{typePowerUnit, sensorPower, 0x01}
	eventReset = event{typeBoot, sensorBoot, 0x01}
)

const (
	// eventRoom is how many records the log has room for; the oldest go first.
	eventRoom  = 512
	eventBytes = 16
	// eventVersion is 1.5, as for IPMI 2.0, with its digits swapped; eventFormat that of a record's contents.
	eventVersion, eventFormat = 0x51, 0x04
	// The log can be reserved, and tells how its room is divided.
	eventSupport = 0x03
	generator    = 0x20

	recordLast = 0xffff
	eraseDone  = 0x01
	eraseStart = 0xaa
)

// eventLog is the system event log.
type eventLog struct {
	clock clock.Clock

	mu           sync.Mutex
	records      [][]byte
	last         uint16 // the id given last
	reservation  uint16
	added, erase uint32
	overflow     bool
}

// add logs events of the controller's own sensors.
func (l *eventLog) add(events ...event) {
	for _, e := range events {
		record := []byte{0, 0, 0x02, 0, 0, 0, 0, generator, 0, eventFormat, e.sensorType, e.sensor, sensorSpecific, e.offset, 0xff, 0xff}
		l.store(record, true)
	}
}

// store keeps a record under a new id and, if it shall, with the present time.
func (l *eventLog) store(record []byte, timed bool) uint16 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.added = uint32(l.clock.Now().Unix())
	if l.last++; l.last == recordLast {
		l.last = 1
	}
	binary.LittleEndian.PutUint16(record, l.last)
	if timed {
		binary.LittleEndian.PutUint32(record[3:], l.added)
	}
	if len(l.records) == eventRoom {
		l.records, l.overflow = l.records[1:], true
	}
	l.records = append(l.records, record)
	return l.last
}

func (l *eventLog) register(r *handlers.Registry) {
	serve(r, types.CommandGetSELInfo, 0, func([]byte) ([]byte, types.CompletionCode) { return l.info(), types.CodeOK })
	serve(r, types.CommandGetSELAllocInfo, 0, func([]byte) ([]byte, types.CompletionCode) {
		l.mu.Lock()
		defer l.mu.Unlock()
		free := uint16(eventRoom - len(l.records))
		out := binary.LittleEndian.AppendUint16(nil, eventRoom)
		for _, n := range []uint16{eventBytes, free, free} {
			out = binary.LittleEndian.AppendUint16(out, n)
		}
		return append(out, 1), types.CodeOK
	})
	serve(r, types.CommandReserveSEL, 0, func([]byte) ([]byte, types.CompletionCode) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.reservation++
		return binary.LittleEndian.AppendUint16(nil, l.reservation), types.CodeOK
	})
	serve(r, types.CommandGetSELEntry, 6, l.entry)
	serve(r, types.CommandAddSELEntry, eventBytes, func(data []byte) ([]byte, types.CompletionCode) {
		record := append([]byte(nil), data[:eventBytes]...)
		id := l.store(record, record[2] < 0xe0)
		return binary.LittleEndian.AppendUint16(nil, id), types.CodeOK
	})
	serve(r, types.CommandClearSEL, 6, l.clear)
	serve(r, types.CommandGetSELTime, 0, func([]byte) ([]byte, types.CompletionCode) {
		return binary.LittleEndian.AppendUint32(nil, uint32(l.clock.Now().Unix())), types.CodeOK
	})
}

func (l *eventLog) info() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := []byte{eventVersion}
	out = binary.LittleEndian.AppendUint16(out, uint16(len(l.records)))
	out = binary.LittleEndian.AppendUint16(out, uint16((eventRoom-len(l.records))*eventBytes))
	out = binary.LittleEndian.AppendUint32(out, l.added)
	out = binary.LittleEndian.AppendUint32(out, l.erase)
	support := byte(eventSupport)
	if l.overflow {
		support |= 0x80
	}
	return append(out, support)
}

func (l *eventLog) entry(data []byte) ([]byte, types.CompletionCode) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id, offset, count := binary.LittleEndian.Uint16(data[2:]), int(data[4]), int(data[5])
	if offset > 0 && binary.LittleEndian.Uint16(data) != l.reservation {
		return nil, types.CodeReservationCanceled
	}
	at := -1
	for i, record := range l.records {
		if id == 0 || id == recordLast && i == len(l.records)-1 || binary.LittleEndian.Uint16(record) == id {
			at = i
			break
		}
	}
	if at < 0 || offset >= eventBytes {
		return nil, types.CodeRequestedDataNotPresent
	}
	next := uint16(recordLast)
	if at+1 < len(l.records) {
		next = binary.LittleEndian.Uint16(l.records[at+1])
	}
	return append(binary.LittleEndian.AppendUint16(nil, next), l.records[at][offset:min(eventBytes, offset+count)]...), types.CodeOK
}

func (l *eventLog) clear(data []byte) ([]byte, types.CompletionCode) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case binary.LittleEndian.Uint16(data) != l.reservation:
		return nil, types.CodeReservationCanceled
	case string(data[2:5]) != "CLR":
		return nil, types.CodeRequestDataFieldInvalid
	case data[5] == eraseStart:
		l.records, l.overflow = nil, false
		l.erase = uint32(l.clock.Now().Unix())
		l.reservation++
	}
	return []byte{eraseDone}, types.CodeOK
}
