package ipmi

import "strconv"

// The types of sensor data records that are read (IPMI 2.0 §43).
const (
	sdrFull      = 0x01
	sdrCompact   = 0x02
	sdrEventOnly = 0x03
	sdrFRU       = 0x11
)

// The event/reading types that say what a sensor's states mean (IPMI 2.0 §42.1).
const readingThreshold = 0x01

// sensorRecord is what a sensor data record says of a sensor.
type sensorRecord struct {
	kind               byte
	owner, lun, number byte
	entity, instance   byte
	sensorType         byte
	readingType        byte
	readable           byte // which thresholds can be read, as a mask
	units              [3]byte
	factors            factors
	name               string

	// Records of several alike sensors: how many, and how their names are told apart.
	shared         int
	shareAlpha     bool
	shareOffset    int
	entityPerShare bool
}

// locator is what a sensor data record says of where a FRU inventory is.
type locator struct {
	id        byte
	logical   bool
	access    byte // the slave address of the controller that has it
	name      string
	entity    byte
	instances byte
}

// decodeSensor reads a sensor's record; ok is false for records of other things.
func decodeSensor(record []byte) (s sensorRecord, ok bool, err error) {
	f := fields{rest: record}
	f.take(3)
	s.kind = f.u8()
	f.u8()
	switch s.kind {
	case sdrFull, sdrCompact, sdrEventOnly:
	default:
		return s, false, nil
	}
	s.owner = f.u8()
	s.lun = f.u8() & 0x03
	s.number, s.entity, s.instance = f.u8(), f.u8(), f.u8()
	s.shared = 1
	if s.kind == sdrEventOnly {
		s.sensorType, s.readingType = f.u8(), f.u8()
		s.share(f.u8(), f.u8())
		f.take(2)
		s.name = recordText(&f)
		return s, true, f.end("an event-only sensor's record")
	}
	f.take(2) // initialisation and capabilities
	s.sensorType, s.readingType = f.u8(), f.u8()
	f.take(4) // event masks
	s.readable = f.u8()
	f.u8() // which thresholds can be set
	copy(s.units[:], f.take(3))
	if s.kind == sdrCompact {
		s.share(f.u8(), f.u8())
		f.take(6)
		s.name = recordText(&f)
		return s, true, f.end("a compact sensor's record")
	}
	linear := f.u8() & 0x7f
	s.factors = decodeFactors(f.take(6))
	s.factors.linear = linear
	s.factors.format = s.units[0] >> 6
	f.take(17) // nominal readings, default thresholds, hysteresis
	s.name = recordText(&f)
	return s, true, f.end("a full sensor's record")
}

// share reads the two bytes by which one record stands for several sensors.
func (s *sensorRecord) share(how, offset byte) {
	s.shared = max(1, int(how&0x0f))
	s.shareAlpha = how>>4&0x03 == 1
	s.shareOffset, s.entityPerShare = int(offset&0x7f), offset&0x80 != 0
}

// members are the sensors that a record stands for.
func (s sensorRecord) members() []sensorRecord {
	if s.shared == 1 {
		return []sensorRecord{s}
	}
	all := make([]sensorRecord, s.shared)
	for i := range all {
		all[i] = s
		all[i].number += byte(i)
		if s.entityPerShare {
			all[i].instance += byte(i)
		}
		if s.shareAlpha {
			all[i].name += letters(s.shareOffset + i)
		} else {
			all[i].name += strconv.Itoa(s.shareOffset + i)
		}
	}
	return all
}

// letters counts A to Z, then AA.
func letters(n int) string {
	if n >= 26 {
		return letters(n/26-1) + letters(n%26)
	}
	return string(rune('A' + n))
}

// decodeLocator reads the record of a FRU inventory; ok is false for records of other things.
func decodeLocator(record []byte) (l locator, ok bool, err error) {
	f := fields{rest: record}
	f.take(3)
	if f.u8() != sdrFRU {
		return l, false, nil
	}
	f.u8()
	l.access, l.id = f.u8(), f.u8()
	l.logical = f.u8()&0x80 != 0
	f.take(2) // channel, reserved
	f.take(2) // device type
	l.entity, l.instances = f.u8(), f.u8()
	f.u8()
	l.name = recordText(&f)
	return l, true, f.end("a FRU inventory's record")
}
