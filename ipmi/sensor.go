package ipmi

import (
	"context"
	"fmt"

	"github.com/bougou/go-ipmi/pkg/types"
)

var (
	cmdSensorReading    = command{"get sensor reading", netSensor, 0x2d}
	cmdSensorThresholds = command{"get sensor thresholds", netSensor, 0x27}
	cmdSensorFactors    = command{"get sensor reading factors", netSensor, 0x23}
)

// SensorKind says how a sensor tells its state.
type SensorKind string

// The kinds of sensors. An event-only sensor has no reading; it shows in the event log.
const (
	SensorThreshold SensorKind = "threshold"
	SensorDiscrete  SensorKind = "discrete"
	SensorEventOnly SensorKind = "event_only"
)

// SensorState is how a sensor's value stands to its thresholds.
type SensorState string

// The states, from good to bad. A discrete sensor that has a reading is always SensorOK: what its states mean is
// not for us to judge. SensorUnavailable is one without a reading, as many have while the machine is off.
const (
	SensorOK             SensorState = "ok"
	SensorNonCritical    SensorState = "non_critical"
	SensorCritical       SensorState = "critical"
	SensorNonRecoverable SensorState = "non_recoverable"
	SensorUnavailable    SensorState = "unavailable"
)

// Thresholds are the bounds of a sensor's value, in its unit; nil where there is none.
type Thresholds struct {
	LowerNonRecoverable, LowerCritical, LowerNonCritical *float64
	UpperNonCritical, UpperCritical, UpperNonRecoverable *float64
}

// Sensor is a sensor with its reading.
type Sensor struct {
	// Name is the sensor's own, such as "CPU0 Temp". Names need not be unique.
	Name string
	// Number, Owner and LUN are where it is: the BMC's own sensors have the owner 0x20.
	Number, Owner, LUN uint8
	// Type is what it measures, in IPMI's words; Entity what it belongs to, such as "processor 1".
	Type, Entity string
	// Kind says which of the following fields mean something.
	Kind SensorKind
	// Value is the reading in Unit, nil when there is none. Unit is empty for sensors without a value.
	Value *float64
	Unit  string
	// State judges Value by the sensor's own thresholds.
	State SensorState
	// States are those that a discrete sensor is in, in IPMI's words; Bits are the same as a mask.
	States []string
	Bits   uint16
	// Thresholds are read from the controller, not the defaults of the record.
	Thresholds Thresholds
	// Note says why there is no reading, where the controller told.
	Note string
}

// Sensors reads all sensors, in the order of the controller's records. One that cannot be read is in the list, as
// unavailable.
func (b *BMC) Sensors(ctx context.Context) (sensors []Sensor, err error) {
	err = b.talk(ctx, "read the sensors", func(v *conversation) error {
		records, err := v.sensorRecords()
		if err != nil {
			return err
		}
		for _, raw := range records {
			record, ok, err := decodeSensor(raw)
			if err != nil {
				return fmt.Errorf("BMC %s: %s: %w", b.target.label(), v.doing, err)
			}
			if !ok {
				continue
			}
			for _, one := range record.members() {
				sensor, err := v.sensor(one)
				if err != nil {
					return err
				}
				sensors = append(sensors, sensor)
			}
		}
		return nil
	})
	return sensors, err
}

// controllerAddress is the slave address of the BMC itself.
const controllerAddress = 0x20

func (v *conversation) sensor(record sensorRecord) (Sensor, error) {
	s := Sensor{
		Name: record.name, Number: record.number, Owner: record.owner, LUN: record.lun,
		Type: sensorTypeName(record.sensorType), Kind: SensorDiscrete, State: SensorUnavailable,
		Entity: fmt.Sprintf("%s %d", types.EntityID(record.entity), record.instance),
		Unit:   unit(record),
	}
	switch {
	case record.kind == sdrEventOnly:
		s.Kind = SensorEventOnly
		return s, nil
	case record.readingType == readingThreshold:
		s.Kind = SensorThreshold
	}
	if record.owner != controllerAddress || record.lun != 0 {
		s.Note = fmt.Sprintf("belongs to the controller at address 0x%02x, LUN %d, which is not asked", record.owner, record.lun)
		return s, nil
	}
	answer, err := v.request(cmdSensorReading, record.number)
	if refused(err) {
		s.Note = err.Error()
		return s, nil
	}
	if err != nil {
		return s, err
	}
	reading, err := decodeReading(answer)
	if err != nil {
		return s, fmt.Errorf("BMC %s: sensor %q: %w", v.bmc.target.label(), record.name, err)
	}
	if record.factors.linear >= linearPerReading && reading.valid {
		if record.factors, err = v.factorsOf(record, reading.raw); err != nil {
			return s, err
		}
	}
	s.take(record, reading)
	if s.Kind == SensorThreshold && record.kind == sdrFull {
		s.Thresholds, err = v.thresholds(record)
	}
	return s, err
}

// take notes a reading.
func (s *Sensor) take(record sensorRecord, reading reading) {
	if !reading.valid {
		return
	}
	if record.kind == sdrFull {
		if value, ok := record.factors.value(reading.raw); ok {
			s.Value = &value
		}
	}
	s.State = SensorOK
	if s.Kind == SensorThreshold {
		s.State = thresholdState(byte(reading.states))
		return
	}
	s.Bits = reading.states & 0x7fff
	for offset := range byte(15) {
		if s.Bits>>offset&1 != 0 {
			s.States = append(s.States, stateName(record.sensorType, record.readingType, offset))
		}
	}
}

// reading is the answer to Get Sensor Reading (IPMI 2.0 §35.14).
type reading struct {
	raw    byte
	valid  bool
	states uint16
}

func decodeReading(answer []byte) (reading, error) {
	f := fields{rest: answer}
	r := reading{raw: f.u8()}
	flags := f.u8()
	// Scanning must be enabled, and the reading not marked as unavailable.
	r.valid = flags&0x40 != 0 && flags&0x20 == 0
	err := f.end("a sensor's reading")
	// The states are optional.
	r.states = uint16(f.u8()) | uint16(f.u8())<<8
	return r, err
}

// The bits of the thresholds, in masks and states alike.
const (
	bitLowerNonCritical = 1 << iota
	bitLowerCritical
	bitLowerNonRecoverable
	bitUpperNonCritical
	bitUpperCritical
	bitUpperNonRecoverable
)

// thresholdState is the worst of the thresholds that are crossed.
func thresholdState(crossed byte) SensorState {
	switch {
	case crossed&(bitLowerNonRecoverable|bitUpperNonRecoverable) != 0:
		return SensorNonRecoverable
	case crossed&(bitLowerCritical|bitUpperCritical) != 0:
		return SensorCritical
	case crossed&(bitLowerNonCritical|bitUpperNonCritical) != 0:
		return SensorNonCritical
	}
	return SensorOK
}

func (v *conversation) thresholds(record sensorRecord) (Thresholds, error) {
	if record.readable&0x3f == 0 {
		return Thresholds{}, nil
	}
	answer, err := v.request(cmdSensorThresholds, record.number)
	if refused(err) {
		return Thresholds{}, nil // the record promised too much
	}
	if err != nil {
		return Thresholds{}, err
	}
	t, err := decodeThresholds(answer, record.factors)
	if err != nil {
		return t, fmt.Errorf("BMC %s: sensor %q: %w", v.bmc.target.label(), record.name, err)
	}
	return t, nil
}

// decodeThresholds reads the answer to Get Sensor Thresholds (IPMI 2.0 §35.9).
func decodeThresholds(answer []byte, factors factors) (t Thresholds, err error) {
	f := fields{rest: answer}
	mask := f.u8()
	for i, threshold := range []**float64{
		&t.LowerNonCritical, &t.LowerCritical, &t.LowerNonRecoverable,
		&t.UpperNonCritical, &t.UpperCritical, &t.UpperNonRecoverable,
	} {
		raw := f.u8()
		if mask>>i&1 == 0 {
			continue
		}
		if value, ok := factors.value(raw); ok {
			*threshold = &value
		}
	}
	return t, f.end("a sensor's thresholds")
}

// factorsOf asks for the factors that hold at a reading.
func (v *conversation) factorsOf(record sensorRecord, raw byte) (factors, error) {
	answer, err := v.request(cmdSensorFactors, record.number, raw)
	if refused(err) {
		// Without them there is no value, which is what this format means.
		return factors{format: formatNone}, nil
	}
	if err != nil {
		return factors{}, err
	}
	f := fields{rest: answer}
	f.u8() // the next reading with other factors
	got := decodeFactors(f.take(6))
	got.format, got.linear = record.factors.format, record.factors.linear
	return got, f.end("a sensor's reading factors")
}

// rates are the "per" of a unit (IPMI 2.0 §43.1, byte 21).
var rates = []string{"", " per µs", " per ms", " per s", " per minute", " per hour", " per day", ""}

// unit is what a sensor's value is in.
func unit(record sensorRecord) string {
	if record.kind != sdrFull || record.units[0]>>6 == formatNone {
		return ""
	}
	base := types.SensorUnitType(record.units[1]).String()
	if record.units[1] == 0 {
		base = ""
	}
	modifier := types.SensorUnitType(record.units[2]).String()
	switch record.units[0] >> 1 & 0x03 {
	case 1:
		base += "/" + modifier
	case 2:
		base += "*" + modifier
	}
	if record.units[0]&0x01 != 0 {
		base = "percent" + base
	}
	return base + rates[record.units[0]>>3&0x07]
}
