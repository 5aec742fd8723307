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
		if frame := buf[tagLen : tagLen+n]; n >= headerLen && reserved(frame) {
			p.rxDropped.Add(1)
			s.receiveControl(p, ep, frame)
			continue
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
func (s *Switch) forward(cable *port, ep Endpoint, buf []byte, n int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if cable.ep != ep {
		return
	}
	in := cable.logical()
	start := tagLen
	vlan := uint16(0)
	if cable.state.Up && !in.blocked {
		vlan = in.classify(buf[start : start+n])
	}
	if vlan == 0 {
		cable.rxDropped.Add(1)
		return
	}
	cable.rxFrames.Add(1)
	cable.rxBytes.Add(uint64(n))
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
		ok, tagged := out.forwards(in, vlan)
		if ok && tagged {
			needTagged = true
		} else if ok {
			out.emit(untagged)
		}
	}
	if !needTagged {
		return
	}
	frame := addTag(buf, start, n, vlan)
	for _, out := range s.ports {
		if ok, tagged := out.forwards(in, vlan); ok && tagged {
			out.emit(frame)
		}
	}
}

// forwards reports whether frames of a VLAN that came in by another logical
// port leave by this one, and whether tagged.
func (p *port) forwards(in *port, vlan uint16) (ok, tagged bool) {
	if p == in || p.bundle != nil || p.blocked || p.ep == nil && len(p.members) == 0 {
		return false, false
	}
	return p.state.carries(vlan)
}

// emit sends a frame by one cable of a logical port.
func (p *port) emit(frame []byte) {
	if out := p.egress(frame); out != nil {
		out.send(frame)
	}
}

func (s *Switch) unicast(in, out *port, vlan uint16, buf []byte, start, n int) {
	switch ok, tagged := out.forwards(in, vlan); {
	case !ok:
	case tagged:
		out.emit(addTag(buf, start, n, vlan))
	default:
		out.emit(buf[start : start+n])
	}
}

// classify returns the VLAN that a frame belongs to when it comes in by the
// port, or 0 when the port does not take it.
func (p *port) classify(frame []byte) uint16 {
	if !p.state.Up || len(frame) < headerLen {
		return 0
	}
	var vlan uint16
	if isTagged(frame) {
		if len(frame) < headerLen+tagLen {
			return 0
		}
		vlan = binary.BigEndian.Uint16(frame[14:]) & 0xfff
	}
	switch {
	case p.state.Mode == Access && (vlan == 0 || vlan == p.state.Access):
		return p.state.Access
	case p.state.Mode == Access && vlan == p.state.Voice:
		return vlan
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
