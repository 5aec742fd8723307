package ipmi

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
)

// The statuses of a log-in's steps that need telling apart (IPMI 2.0 §13.24).
const (
	statusNoResources       = 0x01
	statusInvalidSession    = 0x02
	statusInactiveSession   = 0x08
	statusInvalidRole       = 0x09
	statusUnauthorizedRole  = 0x0a
	statusNoResourcesAtRole = 0x0b
	statusNameLength        = 0x0c
	statusUnauthorizedName  = 0x0d
	statusIntegrityCheck    = 0x0f
)

var statusTexts = map[byte]string{
	0x01: "insufficient resources to create a session", 0x02: "invalid session id", 0x03: "invalid payload type",
	0x04: "invalid authentication algorithm", 0x05: "invalid integrity algorithm",
	0x06: "no matching authentication payload", 0x07: "no matching integrity payload", 0x08: "inactive session id",
	0x09: "invalid role", 0x0a: "unauthorized role or privilege level",
	0x0b: "insufficient resources to create a session at the requested role", 0x0c: "invalid name length",
	0x0d: "unauthorized name", 0x0e: "unauthorized GUID", 0x0f: "invalid integrity check value",
	0x10: "invalid confidentiality algorithm", 0x11: "no cipher suite match", 0x12: "illegal parameter",
}

// statusError turns a step's status into its cause.
func statusError(status byte) error {
	text := fmt.Sprintf("status 0x%02x", status)
	if meaning, known := statusTexts[status]; known {
		text += ", " + meaning
	}
	switch status {
	case 0:
		return nil
	case statusNoResources, statusNoResourcesAtRole:
		return fmt.Errorf("%w: %s", errBusy, text)
	case statusInvalidRole, statusUnauthorizedRole:
		return &refusal{text, true}
	case statusNameLength, statusUnauthorizedName, statusIntegrityCheck:
		return &refusal{reason: text}
	case statusInvalidSession, statusInactiveSession:
		return fmt.Errorf("%w: the BMC dropped it half-way: %s", errDropped, text)
	}
	return fmt.Errorf("%w: %s", errSuite, text)
}

// The random numbers of a log-in, and the sizes of its messages up to what may follow.
const (
	randomSize    = 16
	openReplySize = 12
	rakp2Size     = 40
	rakp4Size     = 8

	// roleByName has the BMC look a user up by name, whatever privilege it was made for.
	roleByName = 0x10
)

// authenticate makes the steps of a log-in (IPMI 2.0 §13.15 to §13.23).
func (s *session) authenticate(ctx context.Context, suite suite, level Privilege) error {
	var random [4 + randomSize]byte
	_, _ = rand.Read(random[:]) // never fails, by its documentation
	s.own = binary.LittleEndian.Uint32(random[:4]) | 1
	own := binary.LittleEndian.AppendUint32(nil, s.own)
	console := random[4:]

	algorithms := []byte{0, 0, 0, 8, suite.auth, 0, 0, 0, 1, 0, 0, 8, suite.integrity, 0, 0, 0, 2, 0, 0, 8, suite.secrecy, 0, 0, 0}
	opened, err := s.step(ctx, payloadOpenRequest, concat([]byte{0, byte(level), 0, 0}, own, algorithms), openReplySize)
	if err != nil {
		return err
	}
	theirs := opened[8:12]
	s.id = binary.LittleEndian.Uint32(theirs)

	role := roleByName | byte(level)
	user := append([]byte{role, byte(len(s.bmc.target.Username))}, s.bmc.target.Username...)
	rakp2, err := s.step(ctx, payloadRAKP1, concat([]byte{0, 0, 0, 0}, theirs, console, []byte{role, 0, 0}, user[1:]), rakp2Size)
	if err != nil {
		return err
	}
	remote, guid, proof := rakp2[8:24], rakp2[24:40], rakp2[40:]
	var key [maxPassword]byte
	copy(key[:], s.bmc.target.Password)
	if !hmac.Equal(proof, suite.sign(key[:], own, theirs, console, remote, guid, user)) {
		return &refusal{reason: "wrong password, or no such user"}
	}

	master := suite.sign(key[:], console, remote, user)
	s.sealer, err = newSealer(suite, suite.sign(master, keyConstant(1)), suite.sign(master, keyConstant(2)))
	if err != nil {
		return err
	}
	ours := suite.sign(key[:], remote, own, user)
	rakp4, err := s.step(ctx, payloadRAKP3, concat([]byte{0, 0, 0, 0}, theirs, ours), rakp4Size)
	if errors.Is(err, errDropped) {
		// The BMC may have let us in, and its answer was lost. The session's first command will tell, for only a BMC
		// that knows the password can sign the answer.
		s.open = true
		return nil
	}
	if err != nil {
		return err
	}
	if !hmac.Equal(rakp4[8:], suite.sign(master, console, theirs, guid)[:suite.signature]) {
		return &refusal{reason: "the BMC accepted the password but signs with another key (a BMC key, Kg, is set)"}
	}
	s.open = true
	return nil
}

// keyConstant is what a session's keys are derived from (IPMI 2.0 §13.32).
func keyConstant(n byte) []byte {
	constant := make([]byte, 20)
	for i := range constant {
		constant[i] = n
	}
	return constant
}

func concat(parts ...[]byte) (all []byte) {
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// step sends a message of a log-in until it is answered, by at least size bytes unless it is a refusal. A message
// that is sent again has a tag of its own, and only the answer to the last one counts: a repeated RAKP message may
// make the BMC draw new random numbers, and with the old ones the right password would look wrong.
func (s *session) step(ctx context.Context, kind byte, payload []byte, size int) (answer []byte, err error) {
	patience := s.wait
	defer func() { s.wait = patience }()
	// The first wait is short, so that one lost packet does not cost much; the later ones suit a slow BMC.
	s.wait = patience * 2 / 5
	for try := range byte(tries) {
		if err := s.bmc.line.pace(ctx, s.bmc.target); err != nil {
			return nil, err
		}
		payload[0] = try
		packet := append(appendHeader(make([]byte, 0, payloadOffset+len(payload)), kind, 0, 0), payload...)
		setLength(packet)
		err = s.exchange(ctx, packet, func(packet []byte) bool {
			got, _, payload, ok := parsePacket(packet)
			// Some controllers cut a refusal short after the status, at two bytes.
			if !ok || got != kind+1 || len(payload) < 2 || payload[0] != try {
				return false
			}
			if payload[1] == 0 && (len(payload) < size || binary.LittleEndian.Uint32(payload[4:]) != s.own) {
				return false
			}
			answer = append([]byte(nil), payload...)
			return true
		})
		switch {
		case err == nil:
			return answer, stepError(answer[1], try > 0)
		case !errors.Is(err, errLost):
			return nil, err
		}
		s.wait = patience
	}
	if s.heard {
		return nil, fmt.Errorf("%w: %w", errDropped, err)
	}
	return nil, err
}

// stepError is the cause of a step's status. A BMC that gets a message again may complain about that, and not about
// us.
func stepError(status byte, again bool) error {
	err := statusError(status)
	var no *refusal
	if again && err != nil && !errors.As(err, &no) && !errors.Is(err, errBusy) {
		return fmt.Errorf("%w: %w", errDropped, err)
	}
	return err
}
