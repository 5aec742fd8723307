package bmc

import (
	"github.com/bougou/go-ipmi/pkg/handlers"
	"github.com/bougou/go-ipmi/pkg/types"
)

// The types of the sensors, and the numbers of those that events come from.
const (
	typeTemperature = 0x01
	typeVoltage     = 0x02
	typeFan         = 0x04
	typePowerSupply = 0x08
	typePowerUnit   = 0x09
	typeOther       = 0x0b
	typeDrive       = 0x0d
	typeBoot        = 0x1d
	typeACPI        = 0x22
	typeWatchdog    = 0x23

	sensorACPI     = 0x20
	sensorPower    = 0x21
	sensorBoot     = 0x22
	sensorWatchdog = 0x23
)

// The units of the readings.
const (
	unitCelsius = 1
	unitVolts   = 4
	unitWatts   = 6
	unitRPM     = 18
)

// The entities that sensors belong to.
const (
	entityProcessor = 0x03
	entityDrive     = 0x04
	entityBoard     = 0x07
	entitySupply    = 0x0a
	entityFan       = 0x1d
	entityInlet     = 0x37
)

// none marks a reading or threshold that is not there.
const none = -1000

// analog is a sensor with a value: raw·m·10^exp in a unit.
type analog struct {
	number             byte
	name               string
	kind, entity, unit byte
	m                  int
	exp                int // of ten, -8 to 7
	signed             bool
	on, off            int // the reading while the machine has power and while not
	// The thresholds, in raw steps: lower non-recoverable, critical, non-critical, then upper from the inside out.
	lnr, lc, lnc, unc, uc, unr int
}

// analogs are the sensors with a value.
var analogs = []analog{
	{0x01, "CPU0 Temp", typeTemperature, entityProcessor, unitCelsius, 1, 0, false, 52, 24, none, none, none, 85, 95, 105},
	{0x02, "Inlet Temp", typeTemperature, entityInlet, unitCelsius, 1, 0, true, 24, 22, -10, -5, 5, 38, 42, 47},
	{0x03, "12V", typeVoltage, entityBoard, unitVolts, 63, -3, false, 190, none, none, 171, 181, 200, 210, none},
	{0x04, "3.3V AUX", typeVoltage, entityBoard, unitVolts, 17, -3, false, 195, 196, none, 174, 184, 204, 214, none},
	{0x05, "FAN1", typeFan, entityFan, unitRPM, 75, 0, false, 80, none, none, 12, 16, none, none, none},
	{0x06, "FAN2", typeFan, entityFan, unitRPM, 75, 0, false, 82, none, none, 12, 16, none, none, none},
	{0x07, "PSU1 Power", typeOther, entitySupply, unitWatts, 4, 0, false, 45, 2, none, none, none, 180, 200, none},
}

// discrete is a sensor, or several in a row, with states.
type discrete struct {
	number       byte
	name         string
	kind, entity byte
	count        int
	on, off      uint16 // the states as a mask while the machine has power and while not
}

// discretes are the sensors with states.
var discretes = []discrete{
	{0x10, "PSU1 Status", typePowerSupply, entitySupply, 1, 0x0001, 0x0001},
	{0x18, "Drive ", typeDrive, entityDrive, 4, 0x0001, 0x0001},
	{sensorACPI, "ACPI State", typeACPI, entityBoard, 1, 0x0001, 0x0020},
	{sensorPower, "Power Unit", typePowerUnit, entityBoard, 1, 0x0000, 0x0001},
}

// eventOnlys are the sensors that only show in the event log.
var eventOnlys = []discrete{
	{number: sensorBoot, name: "Boot", kind: typeBoot, entity: entityBoard},
	{number: sensorWatchdog, name: "Watchdog", kind: typeWatchdog, entity: entityBoard},
}

// The flags of a reading.
const (
	readingEnabled     = 0xc0 // events and scanning
	readingUnavailable = 0x20
)

func (b *BMC) registerSensors(r *handlers.Registry) {
	serve(r, types.CommandGetSensorReading, 1, func(data []byte) ([]byte, types.CompletionCode) {
		return readSensor(data[0], b.chassis.Powered())
	})
	serve(r, types.CommandGetSensorThresholds, 1, func(data []byte) ([]byte, types.CompletionCode) {
		for _, a := range analogs {
			if a.number == data[0] {
				return a.thresholds(), types.CodeOK
			}
		}
		return nil, types.CodeRequestedDataNotPresent
	})
	serve(r, types.CommandGetSensorHysteresis, 1, func([]byte) ([]byte, types.CompletionCode) {
		return []byte{1, 1}, types.CodeOK
	})
}

func readSensor(number byte, powered bool) ([]byte, types.CompletionCode) {
	for _, a := range analogs {
		if a.number == number {
			return a.reading(powered), types.CodeOK
		}
	}
	for _, d := range discretes {
		if number >= d.number && int(number) < int(d.number)+d.count {
			states := d.off
			if powered {
				states = d.on
			}
			return []byte{0, readingEnabled, byte(states), byte(states>>8) | 0x80}, types.CodeOK
		}
	}
	return nil, types.CodeRequestedDataNotPresent
}

func (a analog) reading(powered bool) []byte {
	raw := a.off
	if powered {
		raw = a.on
	}
	if raw == none {
		return []byte{0, readingEnabled | readingUnavailable, 0}
	}
	return []byte{byte(raw), readingEnabled, 0xc0 | a.crossed(raw)}
}

// order is that of the thresholds in masks and answers.
func (a analog) order() []int { return []int{a.lnc, a.lc, a.lnr, a.unc, a.uc, a.unr} }

// crossed is the mask of the thresholds that a reading is beyond.
func (a analog) crossed(raw int) (mask byte) {
	for i, threshold := range a.order() {
		lower := i < 3
		if threshold != none && (lower && raw <= threshold || !lower && raw >= threshold) {
			mask |= 1 << i
		}
	}
	return mask
}

// mask is that of the thresholds that there are.
func (a analog) mask() (mask byte) {
	for i, threshold := range a.order() {
		if threshold != none {
			mask |= 1 << i
		}
	}
	return mask
}

func (a analog) thresholds() []byte {
	out := []byte{a.mask()}
	for _, threshold := range a.order() {
		if threshold == none {
			threshold = 0
		}
		out = append(out, byte(threshold))
	}
	return out
}
