package ipmi

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"encoding/binary"
	"hash"
	"sync"
)

// The bytes of an RMCP+ packet: a 4-byte RMCP header, then a 12-byte session header whose last two bytes are the
// payload's length (IPMI 2.0 §13.6).
const (
	rmcpHeader    = 4
	payloadOffset = 16
	// ipmiClass is the RMCP message class of IPMI, rmcpPlus the authentication type of IPMI 2.0.
	ipmiClass, rmcpPlus = 0x07, 0x06
	// nextHeader stands at the end of what is signed.
	nextHeader = 0x07

	maxPacket = 1024
)

// The payload types of RMCP+, with the flag bits taken off.
const (
	payloadIPMI        = 0x00
	payloadSOL         = 0x01
	payloadOpenRequest = 0x10
	payloadOpenReply   = 0x11
	payloadRAKP1       = 0x12
	payloadRAKP2       = 0x13
	payloadRAKP3       = 0x14
	payloadRAKP4       = 0x15

	flagEncrypted     = 0x80
	flagAuthenticated = 0x40
	payloadMask       = 0x3f
)

// appendHeader begins a packet; its length is filled in at the end.
func appendHeader(packet []byte, kind byte, session, sequence uint32) []byte {
	packet = append(packet, 0x06, 0x00, 0xff, ipmiClass, rmcpPlus, kind)
	packet = binary.LittleEndian.AppendUint32(packet, session)
	packet = binary.LittleEndian.AppendUint32(packet, sequence)
	return append(packet, 0, 0)
}

func setLength(packet []byte) {
	binary.LittleEndian.PutUint16(packet[payloadOffset-2:], uint16(len(packet)-payloadOffset))
}

// parsePacket takes an RMCP+ packet apart, up to the payload. Packets of IPMI 1.5 and of ASF are not wanted.
func parsePacket(packet []byte) (kind byte, session uint32, payload []byte, ok bool) {
	if len(packet) < payloadOffset || packet[3]&0x1f != ipmiClass || packet[4] != rmcpPlus {
		return 0, 0, nil, false
	}
	size := int(binary.LittleEndian.Uint16(packet[payloadOffset-2:]))
	if len(packet) < payloadOffset+size {
		return 0, 0, nil, false
	}
	return packet[5], binary.LittleEndian.Uint32(packet[6:]), packet[payloadOffset : payloadOffset+size], true
}

// sealer signs and encrypts the packets of a session, and opens those that come back.
type sealer struct {
	block cipher.Block
	size  int // of a signature

	// A console is read and written at the same time.
	mu  sync.Mutex
	mac hash.Hash
}

// newSealer takes the two keys of a session.
func newSealer(s suite, k1, k2 []byte) (*sealer, error) {
	block, err := aes.NewCipher(k2[:aes.BlockSize])
	if err != nil {
		return nil, err
	}
	return &sealer{block: block, mac: hmac.New(s.hash, k1), size: s.signature}, nil
}

// seal makes a packet (IPMI 2.0 §13.29 for the padding, §13.28.4 for the signature).
func (s *sealer) seal(kind byte, session, sequence uint32, payload []byte) []byte {
	packet := appendHeader(make([]byte, 0, payloadOffset+len(payload)+64), kind|flagEncrypted|flagAuthenticated, session, sequence)
	start := len(packet)
	packet = packet[:start+aes.BlockSize]
	iv := packet[start:]
	_, _ = rand.Read(iv) // never fails, by its documentation
	packet = append(packet, payload...)
	pad := (aes.BlockSize - (len(payload)+1)%aes.BlockSize) % aes.BlockSize
	for i := 1; i <= pad; i++ {
		packet = append(packet, byte(i))
	}
	packet = append(packet, byte(pad))
	secret := packet[start+aes.BlockSize:]
	cipher.NewCBCEncrypter(s.block, iv).CryptBlocks(secret, secret)
	setLength(packet)

	fill := (4 - (len(packet)-rmcpHeader+2)%4) % 4
	for range fill {
		packet = append(packet, 0xff)
	}
	packet = append(packet, byte(fill), nextHeader)
	return append(packet, s.signature(packet[rmcpHeader:])...)
}

func (s *sealer) signature(message []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mac.Reset()
	s.mac.Write(message)
	return s.mac.Sum(nil)[:s.size]
}

// open checks a packet's signature and decrypts its payload in place. A packet that is not both signed and
// encrypted is none of ours.
func (s *sealer) open(packet []byte) (kind byte, session uint32, payload []byte, ok bool) {
	kind, session, payload, ok = parsePacket(packet)
	if !ok || kind&^payloadMask != flagEncrypted|flagAuthenticated {
		return 0, 0, nil, false
	}
	if len(packet) < payloadOffset+len(payload)+2+s.size {
		return 0, 0, nil, false
	}
	signed, code := packet[rmcpHeader:len(packet)-s.size], packet[len(packet)-s.size:]
	if !hmac.Equal(s.signature(signed), code) {
		return 0, 0, nil, false
	}
	if len(payload) < 2*aes.BlockSize || len(payload)%aes.BlockSize != 0 {
		return 0, 0, nil, false
	}
	iv, secret := payload[:aes.BlockSize], payload[aes.BlockSize:]
	cipher.NewCBCDecrypter(s.block, iv).CryptBlocks(secret, secret)
	pad := int(secret[len(secret)-1])
	if pad+1 > len(secret) {
		return 0, 0, nil, false
	}
	return kind & payloadMask, session, secret[:len(secret)-1-pad], true
}

// message is an IPMI message in its LAN form (IPMI 2.0 §13.8).
type message struct {
	netFn, sequence, id byte
	data                []byte
}

// The addresses of a LAN message: the controller, and software at the other end.
const (
	consoleAddress = 0x81
	// messageSize is that of an answer without data: two headers, the completion code, the checksums.
	messageSize = 8
)

// request writes a message to a controller.
func (m message) request() []byte {
	b := make([]byte, 0, len(m.data)+messageSize)
	b = append(b, controllerAddress, m.netFn<<2)
	b = append(b, -sum(b), consoleAddress, m.sequence<<2, m.id)
	b = append(b, m.data...)
	return append(b, -sum(b[3:]))
}

// parseAnswer reads an answer: its data begins with the completion code.
func parseAnswer(b []byte) (m message, ok bool) {
	if len(b) < messageSize || sum(b[:3]) != 0 || sum(b[3:]) != 0 {
		return message{}, false
	}
	return message{netFn: b[1] >> 2, sequence: b[4] >> 2, id: b[5], data: b[6 : len(b)-1]}, true
}
