package ipmi

import "fmt"

// repository is where sensor data records are kept. Controllers with a fixed set of sensors have only the second
// kind (IPMI 2.0 §33 and §35).
type repository struct{ reserve, record command }

var (
	systemRepository = repository{command{"reserve the sensor records", netStorage, 0x22}, command{"get sensor record", netStorage, 0x23}}
	deviceRepository = repository{command{"reserve the device's sensor records", netSensor, 0x22}, command{"get device's sensor record", netSensor, 0x21}}
)

// The header of a record: id, version, type and the length of what follows.
const (
	sdrHeaderSize = 5
	sdrLength     = 4
	// maxRecords stops a controller whose records never end.
	maxRecords = 4096
)

// chunks are the sizes in which records and inventories are read, largest first: each controller has its own idea
// of what fits into an answer.
var chunks = []int{64, 32, 16, 8}

// tooMuch says whether an answer means that fewer bytes should be asked for.
func tooMuch(err error) bool {
	return answered(err, codeTooManyBytes, codeLengthExceeded, codeLengthInvalid, codeOutOfRange, codeInvalidField, codeUnspecified)
}

// sensorRecords reads all sensor data records.
func (v *conversation) sensorRecords() ([][]byte, error) {
	records, err := v.readRepository(systemRepository)
	if answered(err, codeInvalidCommand, codeNotSupported) {
		return v.readRepository(deviceRepository)
	}
	return records, err
}

func (v *conversation) readRepository(repo repository) (records [][]byte, err error) {
	r := recordReader{v: v, repo: repo, whole: true}
	for id := uint16(recordFirst); len(records) < maxRecords; {
		record, next, err := r.read(id)
		if answered(err, codeNotPresent) && id == recordFirst {
			return nil, nil // there are none
		}
		if err != nil {
			return records, err
		}
		records = append(records, record)
		if next == recordLast || next == recordFirst || next == id {
			return records, nil
		}
		id = next
	}
	return records, fmt.Errorf("BMC %s: %s: %w: more than %d sensor records", v.bmc.target.label(), v.doing, errUnusable, maxRecords)
}

// recordReader reads records, in as large pieces as the controller answers with.
type recordReader struct {
	v           *conversation
	repo        repository
	reservation []byte
	// whole is true while the controller has not refused to send a record in one piece; chunk indexes chunks.
	whole bool
	chunk int
}

func (r *recordReader) read(id uint16) (record []byte, next uint16, err error) {
	if r.whole {
		record, next, err = r.part(id, 0, 0xff)
		if err == nil && len(record) >= sdrHeaderSize && len(record) >= sdrHeaderSize+int(record[sdrLength]) {
			return record, next, nil
		}
		if err != nil && !tooMuch(err) {
			return nil, 0, err
		}
		r.whole = false
	}
	for range reservations {
		record, next, err = r.pieces(id)
		if !answered(err, codeReservationLost) {
			break
		}
		r.reservation = nil
	}
	return record, next, err
}

// pieces reads a record's header and then its body.
func (r *recordReader) pieces(id uint16) (record []byte, next uint16, err error) {
	if r.reservation == nil {
		answer, err := r.v.request(r.repo.reserve)
		if err != nil && !answered(err, codeInvalidCommand) {
			return nil, 0, err
		}
		f := fields{rest: answer}
		r.reservation = f.take(2)
	}
	record, next, err = r.part(id, 0, sdrHeaderSize)
	if err != nil {
		return nil, 0, err
	}
	if len(record) != sdrHeaderSize {
		return nil, 0, fmt.Errorf("BMC %s: %w: the header of sensor record %d has %d bytes", r.v.bmc.target.label(), errUnusable, id, len(record))
	}
	for total := sdrHeaderSize + int(record[sdrLength]); len(record) < total; {
		more, _, err := r.part(id, len(record), min(chunks[r.chunk], total-len(record)))
		switch {
		case tooMuch(err) && r.chunk < len(chunks)-1:
			r.chunk++
		case err != nil:
			return nil, 0, err
		case len(more) == 0:
			return nil, 0, fmt.Errorf("BMC %s: %w: sensor record %d ends after %d of %d bytes", r.v.bmc.target.label(), errUnusable, id, len(record), total)
		default:
			record = append(record, more...)
		}
	}
	return record, next, nil
}

func (r *recordReader) part(id uint16, offset, count int) (data []byte, next uint16, err error) {
	request := []byte{0, 0}
	if offset > 0 {
		copy(request, r.reservation)
	}
	request = append(request, le16(id)...)
	answer, err := r.v.request(r.repo.record, append(request, byte(offset), byte(count))...)
	if err != nil {
		return nil, 0, err
	}
	f := fields{rest: answer}
	next = f.u16()
	return append([]byte(nil), f.rest...), next, f.end("a sensor record")
}
