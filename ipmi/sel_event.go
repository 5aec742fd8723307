package ipmi

import (
	"fmt"
	"time"

	"github.com/bougou/go-ipmi/pkg/types"
)

// EventKind says how much of a log record has a meaning that IPMI defines.
type EventKind string

// The kinds of log records (IPMI 2.0 §32.1 to §32.3).
const (
	// EventSystem is a sensor's event: all fields are set.
	EventSystem EventKind = "system"
	// EventOEM has a time and a manufacturer; the rest is in Data.
	EventOEM EventKind = "oem"
	// EventOEMPlain is the manufacturer's own from the fourth byte on.
	EventOEMPlain EventKind = "oem_no_time"
)

// The bounds of the OEM record types.
const (
	recordSystem   = 0x02
	recordOEM      = 0xc0
	recordOEMPlain = 0xe0

	eventSize = 16
)

// Event is one record of the system event log.
type Event struct {
	// ID is the record's number, which the controller may use again after the log was cleared.
	ID uint16
	// Kind says which of the fields below are set.
	Kind EventKind
	// Time is when it happened by the controller's clock, in UTC; zero when the controller did not know. Then
	// SinceStart tells how long after the controller's start it was, if that is not zero.
	Time       time.Time
	SinceStart time.Duration
	// Generator is who reported it: a slave address or software ID, and LUN and channel (IPMI 2.0 §32.1).
	Generator uint16
	// Sensor is the sensor's number, SensorType its type in words. SensorName is set by [NameEvents].
	Sensor     uint8
	SensorType string
	SensorName string
	// Offset is the state that was entered, or left when Asserted is false; Text is what that means.
	Offset   uint8
	Asserted bool
	Text     string
	// Data are the three bytes of event data, or what is the manufacturer's own.
	Data []byte
	// Manufacturer is an IANA enterprise number, for EventOEM.
	Manufacturer uint32

	sensorType, readingType byte
}

// decodeEvent reads a log record.
func decodeEvent(record []byte) (Event, error) {
	f := fields{rest: record}
	e := Event{ID: f.u16()}
	kind := f.u8()
	switch {
	case kind >= recordOEMPlain:
		e.Kind, e.Data = EventOEMPlain, append([]byte(nil), f.take(13)...)
		e.Text = fmt.Sprintf("OEM record 0x%02x: % x", kind, e.Data)
	case kind >= recordOEM:
		e.Kind = EventOEM
		e.Time, e.SinceStart = logTime(f.u32())
		e.Manufacturer = f.u24()
		e.Data = append([]byte(nil), f.take(6)...)
		e.Text = fmt.Sprintf("OEM record 0x%02x of manufacturer %d: % x", kind, e.Manufacturer, e.Data)
	default:
		// Everything else is shaped like a system event; unknown types are rare and better shown than lost.
		e.Kind = EventSystem
		e.Time, e.SinceStart = logTime(f.u32())
		e.Generator = f.u16()
		f.u8() // the revision of the event's format
		e.sensorType, e.Sensor = f.u8(), f.u8()
		how := f.u8()
		e.readingType, e.Asserted = how&0x7f, how&0x80 == 0
		e.Data = append([]byte(nil), f.take(3)...)
		e.Offset = e.Data[0] & 0x0f
		e.SensorType = sensorTypeName(e.sensorType)
		e.Text = stateName(e.sensorType, e.readingType, e.Offset)
	}
	return e, f.end("a record of the event log")
}

func (e Event) String() string {
	when := "at an unknown time"
	switch {
	case !e.Time.IsZero():
		when = e.Time.Format(time.RFC3339)
	case e.SinceStart != 0:
		when = fmt.Sprintf("%s after the BMC's start", e.SinceStart)
	}
	if e.Kind != EventSystem {
		return fmt.Sprintf("%d %s %s", e.ID, when, e.Text)
	}
	name, verb := e.SensorName, "asserted"
	if name == "" {
		name = fmt.Sprintf("#0x%02x", e.Sensor)
	}
	if !e.Asserted {
		verb = "deasserted"
	}
	return fmt.Sprintf("%d %s %s %s: %s, %s", e.ID, when, e.SensorType, name, e.Text, verb)
}

// initTime bounds the time stamps that count from the controller's start (IPMI 2.0 §37).
const initTime = 0x20000000

// logTime reads a time stamp of the log.
func logTime(stamp uint32) (at time.Time, sinceStart time.Duration) {
	switch {
	case stamp == 0 || stamp == 0xffffffff:
		return time.Time{}, 0
	case stamp <= initTime:
		return time.Time{}, time.Duration(stamp) * time.Second
	}
	return time.Unix(int64(stamp), 0).UTC(), 0
}

// sensorTypeName is IPMI's name for a type of sensors (IPMI 2.0 §42.2).
func sensorTypeName(code byte) string {
	name := types.SensorType(code).String()
	if name == "unknown" {
		return fmt.Sprintf("sensor type 0x%02x", code)
	}
	return name
}

// stateName is IPMI's name for a state of a sensor (IPMI 2.0 §42.1 and §42.2).
func stateName(sensorType, readingType, offset byte) string {
	if e := types.EventReadingType(readingType).EventForOffset(types.SensorType(sensorType), offset); e != nil && e.EventName != "" {
		return e.EventName
	}
	return fmt.Sprintf("state %d", offset)
}

// NameEvents fills in the names of the sensors that reported events.
func NameEvents(events []Event, sensors []Sensor) {
	type key struct{ number, owner uint8 }
	names := make(map[key]string, len(sensors))
	for _, s := range sensors {
		names[key{s.Number, s.Owner}] = s.Name
	}
	for i, e := range events {
		if e.Kind == EventSystem {
			events[i].SensorName = names[key{e.Sensor, uint8(e.Generator)}]
		}
	}
}
