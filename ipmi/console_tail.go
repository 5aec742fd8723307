package ipmi

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// Tail is a writer that keeps the last bytes of what is written to it, for the end of a console in an error's
// message. It may be read while it is written.
type Tail struct {
	mu    sync.Mutex
	limit int
	kept  []byte
}

// NewTail keeps the last limit bytes.
func NewTail(limit int) *Tail { return &Tail{limit: max(limit, 0)} }

// Write never fails.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p[max(0, len(p)-t.limit):]...)
	if extra := len(t.kept) - t.limit; extra > 0 {
		// Copied down, so that what was dropped does not stay in memory.
		t.kept = t.kept[:copy(t.kept, t.kept[extra:])]
	}
	return len(p), nil
}

// Bytes is a copy of what was kept.
func (t *Tail) Bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]byte(nil), t.kept...)
}

// ConsoleTail listens to the console for a while and returns the last limit bytes of what the machine said. The end
// of the while is no error; that of the context is one, beside what was heard until then.
func (b *BMC) ConsoleTail(ctx context.Context, d time.Duration, limit int) ([]byte, error) {
	listening, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	console, err := b.Console(listening)
	if err != nil {
		return nil, err
	}
	tail := NewTail(limit)
	_, err = io.Copy(tail, console)
	if errors.Is(err, context.DeadlineExceeded) {
		err = ctx.Err()
	}
	return tail.Bytes(), errors.Join(err, console.Close())
}
