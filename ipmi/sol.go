package ipmi

// The parts of a serial-over-LAN packet (IPMI 2.0 §15.9, table 15-2).
const (
	solHeader = 4
	// solSequences is how many sequence numbers there are; 0 is not one, it means "nothing to acknowledge".
	solSequences = 15

	solNACK        = 0x40
	solDeactivated = 0x10
)

// solPacket is a serial-over-LAN packet.
type solPacket struct {
	sequence        byte // of the data, 0 without
	acked, accepted byte // the other side's packet, and how many of its bytes were taken
	status          byte
	data            []byte
}

func (p solPacket) encode() []byte {
	return append([]byte{p.sequence, p.acked, p.accepted, p.status}, p.data...)
}

func decodeSOL(payload []byte) (p solPacket, ok bool) {
	if len(payload) < solHeader {
		return p, false
	}
	return solPacket{
		sequence: payload[0] & 0x0f, acked: payload[1] & 0x0f, accepted: payload[2], status: payload[3],
		data: payload[solHeader:],
	}, true
}

// nextSOL counts 1 to 15 and begins again.
func nextSOL(sequence byte) byte { return sequence%solSequences + 1 }

// solReceiver follows the sequence of what a controller sends.
type solReceiver struct {
	last  byte // the sequence number of the packet that was taken last
	taken int  // how many of its bytes
}

// fresh is what of a packet has not been seen. A controller that repeats a packet may have added to it.
func (r *solReceiver) fresh(p solPacket) []byte {
	if p.sequence == r.last {
		return p.data[min(r.taken, len(p.data)):]
	}
	return p.data
}

func (r *solReceiver) take(p solPacket) { r.last, r.taken = p.sequence, len(p.data) }
