package wire

import "encoding/binary"

const (
	tagLen    = 4
	headerLen = 14
	tagType   = 0x8100
)

// read takes frames off one endpoint until it ends.
func (s *Switch) read(p *port, ep Endpoint) {
	defer s.readers.Done()
	// A frame is read one tag further in, so that it can be tagged in place.
	buf := make([]byte, tagLen+MaxFrame)
	for {
		n, err := ep.Read(buf[tagLen:])
		if err != nil {
			break
		}
		s.forward(p, ep, buf, n)
	}
	s.mu.Lock()
	mine := s.unplug(p, ep)
	s.mu.Unlock()
	if mine != nil {
		mine.Close()
	}
}

// forward sends the frame in buf[tagLen:tagLen+n] to where it belongs.
func (s *Switch) forward(in *port, ep Endpoint, buf []byte, n int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if in.ep != ep {
		return
	}
	start := tagLen
	vlan := in.classify(buf[start : start+n])
	if vlan == 0 || reserved(buf[start:]) {
		in.rxDropped.Add(1)
		return
	}
	in.rxFrames.Add(1)
	in.rxBytes.Add(uint64(n))
	if isTagged(buf[start : start+n]) {
		copy(buf[start+tagLen:], buf[start:start+12])
		start, n = start+tagLen, n-tagLen
	}
	untagged := buf[start : start+n]

	now := s.now()
	s.table.learn(macKey{vlan, [6]byte(untagged[6:12])}, in, now)
	dst := macKey{vlan, [6]byte(untagged[0:6])}
	if dst.mac[0]&1 == 0 {
		if out := s.table.find(dst, now); out != nil {
			s.unicast(in, out, vlan, buf, start, n)
			return
		}
	}
	// Tagging overwrites the untagged frame, so those come first.
	needTagged := false
	for _, out := range s.ports {
		if out == in || out.ep == nil {
			continue
		}
		if ok, tagged := out.state.carries(vlan); tagged && ok {
			needTagged = true
		} else if ok {
			out.send(untagged)
		}
	}
	if !needTagged {
		return
	}
	frame := addTag(buf, start, n, vlan)
	for _, out := range s.ports {
		if out == in || out.ep == nil {
			continue
		}
		if ok, tagged := out.state.carries(vlan); ok && tagged {
			out.send(frame)
		}
	}
}

func (s *Switch) unicast(in, out *port, vlan uint16, buf []byte, start, n int) {
	ok, tagged := out.state.carries(vlan)
	if out == in || out.ep == nil || !ok {
		return
	}
	if tagged {
		out.send(addTag(buf, start, n, vlan))
		return
	}
	out.send(buf[start : start+n])
}

// classify returns the VLAN that a frame belongs to when it comes in by the
// port, or 0 when the port does not take it.
func (p *port) classify(frame []byte) uint16 {
	if !p.state.Up || len(frame) < headerLen {
		return 0
	}
	var vlan uint16
	tagged := isTagged(frame)
	if tagged {
		if len(frame) < headerLen+tagLen {
			return 0
		}
		vlan = binary.BigEndian.Uint16(frame[14:]) & 0xfff
	}
	switch {
	case p.state.Mode == Access && (vlan == 0 || vlan == p.state.Access):
		return p.state.Access
	case p.state.Mode == Access:
		return 0
	case vlan == 0:
		vlan = p.state.Native
	}
	if !p.state.Allowed.Has(int(vlan)) {
		return 0
	}
	return vlan
}

func isTagged(frame []byte) bool {
	return binary.BigEndian.Uint16(frame[12:]) == tagType
}

// addTag tags the frame in buf[start:start+n], using the room before it.
func addTag(buf []byte, start, n int, vlan uint16) []byte {
	copy(buf[start-tagLen:], buf[start:start+12])
	start -= tagLen
	binary.BigEndian.PutUint16(buf[start+12:], tagType)
	binary.BigEndian.PutUint16(buf[start+14:], vlan)
	return buf[start : start+n+tagLen]
}

// reserved reports whether a frame is for the neighbour itself and never
// forwarded: spanning tree, LACP, LLDP, and Cisco's CDP, VTP and DTP.
func reserved(dst []byte) bool {
	b := [6]byte(dst[:6])
	return b[0] == 0x01 && b[1] == 0x80 && b[2] == 0xc2 && b[3] == 0 && b[4] == 0 && b[5] <= 0x0f ||
		b == [6]byte{0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc} || b == [6]byte{0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcd}
}
