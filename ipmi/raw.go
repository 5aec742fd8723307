package ipmi

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"
)

// The network functions (IPMI 2.0 §5.1).
const (
	netChassis   = 0x00
	netSensor    = 0x04
	netApp       = 0x06
	netStorage   = 0x0a
	netTransport = 0x0c
)

// command is one IPMI command: what messages call it, and its numbers (IPMI 2.0 appendix G).
type command struct {
	name      string
	netFn, id byte
}

// The completion codes that callers decide on (IPMI 2.0 §5.2).
const (
	codeBusy            = 0xc0
	codeInvalidCommand  = 0xc1
	codeLengthInvalid   = 0xc7
	codeLengthExceeded  = 0xc8
	codeOutOfRange      = 0xc9
	codeTooManyBytes    = 0xca
	codeNotPresent      = 0xcb
	codeReservationLost = 0xc5
	codeInvalidField    = 0xcc
	codeNotSupported    = 0xd5

	codeInsufficientPrivilege = 0xd4
	codeUnspecified           = 0xff
)

// answered says whether err is an answer with one of these completion codes.
func answered(err error, codes ...uint8) bool {
	var refused *CommandError
	return errors.As(err, &refused) && slices.Contains(codes, refused.Code)
}

// refused says whether the BMC understood and said no, whatever the reason.
func refused(err error) bool {
	var refused *CommandError
	return errors.As(err, &refused)
}

// busyRests are the pauses after "node busy", which controllers answer while they do something else.
var busyRests = []time.Duration{50 * time.Millisecond, 200 * time.Millisecond, 800 * time.Millisecond}

// request sends a command that does no harm when it is repeated and returns the answer's data.
func (v *conversation) request(cmd command, data ...byte) (answer []byte, err error) {
	for _, rest := range busyRests {
		if answer, err = v.ask(cmd, data); !answered(err, codeBusy) {
			return answer, err
		}
		if err := pause(v.ctx, rest); err != nil {
			return nil, v.verdict(err)
		}
	}
	return v.ask(cmd, data)
}

// le16 is how IPMI writes 16 bits.
func le16(n uint16) []byte { return binary.LittleEndian.AppendUint16(nil, n) }
