package opserver

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// TFTP operation codes (RFC 1350, RFC 2347).
const (
	tftpRead  uint16 = 1
	tftpWrite uint16 = 2
	tftpData  uint16 = 3
	tftpAck   uint16 = 4
	tftpError uint16 = 5
	tftpOAck  uint16 = 6
)

// TFTP error codes that this server sends (RFC 1350, appendix).
const (
	tftpErrUndefined uint16 = 0
	tftpErrNotFound  uint16 = 1
	tftpErrAccess    uint16 = 2
	tftpErrIllegal   uint16 = 4
)

const (
	tftpDefaultBlock = 512
	// An Ethernet frame of 1500 bytes less IPv4, UDP and TFTP headers: firmware often cannot put fragments together.
	tftpMaxBlock  = 1468
	tftpMaxWindow = 16
	tftpMaxName   = 255
)

// tftpRequest is a read request with its options, already bounded to what the server does.
type tftpRequest struct {
	File   string
	Block  int           // RFC 2348
	Window int           // RFC 7440
	Wait   time.Duration // RFC 2349; 0 when the client named none
	Size   bool          // RFC 2349: the client asks for the size

	// answered are the options to acknowledge, in the client's order.
	answered []string
}

// parseTFTPRequest reads a read request. Options that are unknown or out of their RFC's bounds are left out, which
// tells the client that they are not in force.
func parseTFTPRequest(p []byte) (tftpRequest, error) {
	if len(p) < 2 || binary.BigEndian.Uint16(p) != tftpRead {
		return tftpRequest{}, errors.New("not a TFTP read request")
	}
	fields := bytes.Split(p[2:], []byte{0})
	// Split leaves an empty piece behind the last terminator; without it the packet was cut off.
	if len(fields) < 3 || len(fields[len(fields)-1]) != 0 {
		return tftpRequest{}, errors.New("cut-off TFTP read request")
	}
	fields = fields[:len(fields)-1]
	name := string(fields[0])
	if name == "" || len(name) > tftpMaxName {
		return tftpRequest{}, fmt.Errorf("file name of %d bytes", len(name))
	}
	for _, c := range []byte(name) {
		if c < 0x20 || c > 0x7e {
			return tftpRequest{}, errors.New("file name with unprintable characters")
		}
	}
	if mode := string(fields[1]); !strings.EqualFold(mode, "octet") {
		return tftpRequest{}, fmt.Errorf("transfer mode %q: only octet (binary) is served", clip(mode, 16))
	}
	req := tftpRequest{File: name, Block: tftpDefaultBlock, Window: 1}
	seen := map[string]bool{}
	for options := fields[2:]; len(options) >= 2; options = options[2:] {
		option := strings.ToLower(string(options[0]))
		if seen[option] {
			continue
		}
		seen[option] = true
		if req.option(option, string(options[1])) {
			req.answered = append(req.answered, option)
		}
	}
	return req, nil
}

// option takes one option over and reports whether it is in force.
func (r *tftpRequest) option(name, value string) bool {
	n, err := strconv.ParseUint(value, 10, 32)
	if err != nil {
		return false
	}
	switch name {
	case "blksize":
		if n < 8 || n > 65464 {
			return false
		}
		r.Block = min(int(n), tftpMaxBlock)
	case "windowsize":
		if n < 1 || n > 65535 {
			return false
		}
		r.Window = min(int(n), tftpMaxWindow)
	case "timeout":
		if n < 1 || n > 255 {
			return false
		}
		r.Wait = time.Duration(n) * time.Second
	case "tsize":
		r.Size = true
	default:
		return false
	}
	return true
}

// oack is the option acknowledgement for a file of size bytes; nil when there is nothing to acknowledge.
func (r tftpRequest) oack(size int) []byte {
	if len(r.answered) == 0 {
		return nil
	}
	p := binary.BigEndian.AppendUint16(nil, tftpOAck)
	for _, option := range r.answered {
		value := 0
		switch option {
		case "blksize":
			value = r.Block
		case "windowsize":
			value = r.Window
		case "timeout":
			value = int(r.Wait / time.Second)
		case "tsize":
			value = size
		}
		p = append(append(p, option...), 0)
		p = append(strconv.AppendInt(p, int64(value), 10), 0)
	}
	return p
}

func tftpErrorPacket(code uint16, text string) []byte {
	p := binary.BigEndian.AppendUint16(nil, tftpError)
	p = binary.BigEndian.AppendUint16(p, code)
	return append(append(p, text...), 0)
}

// tftpReply is what a client says in the middle of a transfer.
type tftpReply struct {
	Ack    uint16
	Failed string // the client's error text; it gave up
}

func parseTFTPReply(p []byte) (tftpReply, bool) {
	if len(p) < 4 {
		return tftpReply{}, false
	}
	word := binary.BigEndian.Uint16(p[2:])
	switch binary.BigEndian.Uint16(p) {
	case tftpAck:
		return tftpReply{Ack: word}, true
	case tftpError:
		text, _, _ := bytes.Cut(p[4:], []byte{0})
		return tftpReply{Failed: fmt.Sprintf("code %d %q", word, clip(string(text), 80))}, true
	}
	return tftpReply{}, false
}
