package machine

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// lineRoom is how much a Line keeps for whoever attaches later, in bytes.
const lineRoom = 16 << 10

// Line is a serial line in memory, for machines without a real one: what is said on it since Clear is kept for whoever
// attaches, since such a machine boots faster than anybody can. Its zero value is ready.
type Line struct {
	mu   sync.Mutex
	more *sync.Cond
	kept []byte
	gone int // bytes that are not kept any more
}

// Say says one line.
func (l *Line) Say(format string, args ...any) {
	l.lock()
	defer l.mu.Unlock()
	l.kept = fmt.Appendf(l.kept, format+"\r\n", args...)
	if extra := len(l.kept) - lineRoom; extra > 0 {
		l.kept = append(l.kept[:0], l.kept[extra:]...)
		l.gone += extra
	}
	l.more.Broadcast()
}

// Clear forgets what was said, as at a power-on. Who is attached stays so.
func (l *Line) Clear() {
	l.lock()
	defer l.mu.Unlock()
	l.gone += len(l.kept)
	l.kept = l.kept[:0]
}

// OpenSerial attaches to the line.
func (l *Line) OpenSerial(context.Context) (io.ReadWriteCloser, error) {
	l.lock()
	defer l.mu.Unlock()
	return &lineEnd{line: l, at: l.gone}, nil
}

func (l *Line) lock() {
	l.mu.Lock()
	if l.more == nil {
		l.more = sync.NewCond(&l.mu)
	}
}

// lineEnd is one who is attached.
type lineEnd struct {
	line   *Line
	at     int // of what was ever said
	closed bool
}

func (e *lineEnd) Read(p []byte) (int, error) {
	e.line.lock()
	defer e.line.mu.Unlock()
	for !e.closed && e.at >= e.line.gone+len(e.line.kept) {
		e.line.more.Wait()
	}
	if e.closed {
		return 0, io.EOF
	}
	e.at = max(e.at, e.line.gone)
	n := copy(p, e.line.kept[e.at-e.line.gone:])
	e.at += n
	return n, nil
}

// Write types into the void.
func (e *lineEnd) Write(p []byte) (int, error) { return len(p), nil }

func (e *lineEnd) Close() error {
	e.line.lock()
	defer e.line.mu.Unlock()
	e.closed = true
	e.line.more.Broadcast()
	return nil
}
