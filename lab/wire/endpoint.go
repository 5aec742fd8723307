package wire

// MaxFrame is the longest frame that a port takes: a jumbo frame with a tag.
const MaxFrame = 9216 + 18

// Endpoint is one end of a cable: every Read returns one Ethernet frame, every
// Write sends one, without preamble and checksum. Read and Write may be called
// at the same time. Write never waits for the peer: what does not fit is
// dropped, and only a closed endpoint is an error. Write must not keep the
// slice.
type Endpoint interface {
	Read(frame []byte) (int, error)
	Write(frame []byte) (int, error)
	Close() error
}

// Linker is an [Endpoint] that knows whether somebody is at the other end. An
// endpoint without it counts as linked as long as it is attached.
type Linker interface {
	LinkUp() bool
}
