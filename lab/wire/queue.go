package wire

import (
	"io"
	"sync"
)

// queue holds frames between a writer that never waits and a reader that does.
// Any number of either may use it.
type queue struct {
	mu     sync.Mutex
	ready  sync.Cond
	ring   []*frameBuffer
	head   int
	n      int
	closed bool
}

// frameBuffer is one queued frame; ordinary frames and jumbo frames come from
// pools of their own, so that a deep queue of ordinary ones stays small.
type frameBuffer struct {
	frame []byte
	pool  *sync.Pool
}

const ordinaryFrame = 2048

var ordinaryFrames, jumboFrames sync.Pool

func init() {
	ordinaryFrames.New = func() any {
		return &frameBuffer{frame: make([]byte, 0, ordinaryFrame), pool: &ordinaryFrames}
	}
	jumboFrames.New = func() any {
		return &frameBuffer{frame: make([]byte, 0, MaxFrame), pool: &jumboFrames}
	}
}

func copyFrame(frame []byte) *frameBuffer {
	pool := &ordinaryFrames
	if len(frame) > ordinaryFrame {
		pool = &jumboFrames
	}
	b := pool.Get().(*frameBuffer)
	b.frame = append(b.frame[:0], frame...)
	return b
}

func (b *frameBuffer) release() { b.pool.Put(b) }

func newQueue(depth int) *queue {
	q := &queue{ring: make([]*frameBuffer, depth)}
	q.ready.L = &q.mu
	return q
}

// push copies the frame into the queue. When the queue is full, or the frame
// longer than any port takes, it is dropped and push returns 0.
func (q *queue) push(frame []byte) (int, error) {
	if len(frame) > MaxFrame {
		return 0, nil
	}
	b := copyFrame(frame)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		b.release()
		return 0, io.ErrClosedPipe
	}
	if q.n == len(q.ring) {
		b.release()
		return 0, nil
	}
	q.ring[(q.head+q.n)%len(q.ring)] = b
	q.n++
	q.ready.Signal()
	return len(frame), nil
}

// take waits for the next frame; the caller releases it. What was queued
// before the close is still handed out, then io.EOF.
func (q *queue) take() (*frameBuffer, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.n == 0 {
		if q.closed {
			return nil, io.EOF
		}
		q.ready.Wait()
	}
	b := q.ring[q.head]
	q.ring[q.head] = nil
	q.head = (q.head + 1) % len(q.ring)
	q.n--
	return b, nil
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.ready.Broadcast()
}

func (q *queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.n
}
