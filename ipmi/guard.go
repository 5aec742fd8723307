package ipmi

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"net"
	"sync"

	"github.com/bougou/go-ipmi/pkg/crypto"
	"github.com/bougou/go-ipmi/pkg/types"
)

// The bytes of an RMCP+ packet: a 4-byte RMCP header, then a 12-byte session header whose last two bytes are the
// payload's length.
const (
	rmcpHeader    = 4
	payloadOffset = 16
	// ipmiClass is the RMCP message class of IPMI, rmcpPlus the authentication type of IPMI 2.0.
	ipmiClass, rmcpPlus = 0x07, 0x06
)

// The payload types of RMCP+, with the flag bits taken off.
const (
	payloadIPMI        = 0x00
	payloadOpenRequest = 0x10
	payloadOpenReply   = 0x11
	payloadRAKP1       = 0x12
	payloadRAKP2       = 0x13
	payloadRAKP3       = 0x14
	payloadRAKP4       = 0x15

	flagEncrypted     = 0x80
	flagAuthenticated = 0x40
)

// statusNone stands for "no status seen".
const statusNone = -1

// guard stands between the wire and the library. The library decodes packets in goroutines of its own, where a
// panic cannot be recovered, takes the first datagram for the answer to a log-in step, and does not check the
// integrity of what it receives. So the guard lets through only what answers the request at hand, is well formed
// and, once there is a session, carries a valid authentication code.
type guard struct {
	net.Conn
	password []byte
	auth     types.AuthAlg
	sum      types.IntegrityAlg

	mu       sync.Mutex
	want     byte // the payload type that answers what was sent last
	status   int  // of the last log-in step that the BMC answered, or statusNone
	heard    bool // whether anything came back at all
	rakp1    []byte
	k1       []byte
	open     cipher.Block
	sessions uint32 // the console's session id, as the BMC repeats it
}

func newGuard(conn net.Conn, password string, suite int) *guard {
	auth, sum, _, _ := types.GetCipherSuiteAlgorithms(types.CipherSuiteID(suite))
	return &guard{Conn: conn, password: crypto.PadPassword20([]byte(password)), auth: auth, sum: sum, status: statusNone}
}

// Write notes what an answer will have to look like.
func (g *guard) Write(packet []byte) (int, error) {
	if kind, _, payload, ok := parsePacket(packet); ok {
		g.mu.Lock()
		switch kind {
		case payloadOpenRequest:
			g.want, g.status = payloadOpenReply, statusNone
			if len(payload) >= 8 {
				g.sessions = binary.LittleEndian.Uint32(payload[4:8])
			}
		case payloadRAKP1:
			g.want, g.status = payloadRAKP2, statusNone
			g.rakp1 = append([]byte(nil), payload...)
		case payloadRAKP3:
			g.want, g.status = payloadRAKP4, statusNone
		default:
			g.want = kind
		}
		g.mu.Unlock()
	}
	return g.Conn.Write(packet)
}

// Read returns the next packet that is worth decoding.
func (g *guard) Read(buffer []byte) (int, error) {
	for {
		n, err := g.Conn.Read(buffer)
		if err != nil {
			return n, err
		}
		if g.admit(buffer[:n]) {
			return n, nil
		}
	}
}

// state returns what was learned from the last log-in step.
func (g *guard) state() (status int, heard bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.status, g.heard
}

// wantedLast is the payload type of the answer that was waited for last.
func (g *guard) wantedLast() byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.want
}

func (g *guard) admit(packet []byte) bool {
	kind, flags, payload, ok := parsePacket(packet)
	if !ok {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.heard = true
	if kind != g.want {
		return false
	}
	if kind == payloadIPMI {
		return g.admitCommand(packet, flags, payload)
	}
	// Some controllers cut an error short after the status, at two bytes.
	if len(payload) < 2 {
		return false
	}
	if len(payload) >= 8 && binary.LittleEndian.Uint32(payload[4:8]) != g.sessions && payload[1] == 0 {
		return false
	}
	g.status = int(payload[1])
	if kind == payloadRAKP2 && g.status == 0 {
		return g.deriveKeys(payload)
	}
	return true
}

// admitCommand checks the authentication code and the shape of what is inside.
func (g *guard) admitCommand(packet []byte, flags byte, payload []byte) bool {
	if g.k1 == nil || flags != flagEncrypted|flagAuthenticated {
		return false
	}
	size, ok := crypto.IntegrityAuthCodeLen(g.sum)
	if !ok || len(packet) < payloadOffset+len(payload)+2+size {
		return false
	}
	signed, code := packet[rmcpHeader:len(packet)-size], packet[len(packet)-size:]
	want, err := crypto.SessionIntegrityAuthCode(g.sum, signed, g.k1, "")
	if err != nil || subtle.ConstantTimeCompare(want, code) != 1 {
		return false
	}
	return paddingFits(g.open, payload)
}

// deriveKeys computes the session keys as the library does, from the two random numbers of the log-in.
func (g *guard) deriveKeys(rakp2 []byte) bool {
	if len(rakp2) < 40 || len(g.rakp1) < 28 {
		return false
	}
	name := g.rakp1[28:]
	if len(name) != int(g.rakp1[27]) {
		return false
	}
	_, k1, k2, err := crypto.DeriveSessionKeys(g.auth, g.rakp1[8:24], rakp2[8:24], g.rakp1[24], string(name), g.password)
	if err != nil || len(k2) < aes.BlockSize {
		return false
	}
	block, err := aes.NewCipher(k2[:aes.BlockSize])
	if err != nil {
		return false
	}
	g.k1, g.open = k1, block
	return true
}

// parsePacket takes an RMCP+ packet apart, up to the payload. Packets of IPMI 1.5 and of ASF are not wanted.
func parsePacket(packet []byte) (kind, flags byte, payload []byte, ok bool) {
	if len(packet) < payloadOffset || packet[3]&0x1f != ipmiClass || packet[4] != rmcpPlus {
		return 0, 0, nil, false
	}
	kind, flags = packet[5]&0x3f, packet[5]&0xc0
	size := int(binary.LittleEndian.Uint16(packet[14:16]))
	if kind == byte(types.PayloadTypeOEM) || len(packet) < payloadOffset+size {
		return 0, 0, nil, false
	}
	return kind, flags, packet[payloadOffset : payloadOffset+size], true
}

// paddingFits says whether a payload of an initialisation vector and AES-CBC blocks decrypts to something whose
// padding leaves a whole message.
func paddingFits(block cipher.Block, payload []byte) bool {
	if block == nil || len(payload) < 2*aes.BlockSize || len(payload)%aes.BlockSize != 0 {
		return false
	}
	var last [aes.BlockSize]byte
	end := len(payload) - aes.BlockSize
	block.Decrypt(last[:], payload[end:])
	pad := int(last[aes.BlockSize-1] ^ payload[end-1])
	// Seven bytes is the shortest message: a header and a completion code.
	return len(payload)-aes.BlockSize-1-pad >= 7
}
