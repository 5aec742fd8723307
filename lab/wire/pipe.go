package wire

// pipeDepth is how many frames wait in one direction of a pipe before more are
// dropped: more than the largest TCP window of lab/netstack, so that a single
// connection loses no frames to its own burst.
const pipeDepth = 8192

// Pipe returns the two ends of a cable inside the process. The link is up
// until either end is closed; what was sent before that is still delivered.
func Pipe() (a, b Endpoint) {
	ab, ba := newQueue(pipeDepth), newQueue(pipeDepth)
	return &pipeEnd{in: ba, out: ab}, &pipeEnd{in: ab, out: ba}
}

type pipeEnd struct{ in, out *queue }

func (p *pipeEnd) Write(frame []byte) (int, error) { return p.out.push(frame) }
func (p *pipeEnd) LinkUp() bool                    { return !p.out.isClosed() }

func (p *pipeEnd) Read(frame []byte) (int, error) {
	b, err := p.in.take()
	if err != nil {
		return 0, err
	}
	defer b.release()
	return copy(frame, b.frame), nil
}

func (p *pipeEnd) Close() error {
	p.in.close()
	p.out.close()
	return nil
}

// Buffered returns how many frames Read would return without waiting.
func (p *pipeEnd) Buffered() int { return p.in.len() }
