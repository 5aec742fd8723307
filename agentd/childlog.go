package agentd

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
)

// childLog keeps what a child prints: in a file of bounded size, since files
// are memory here, and its last lines at hand for the record of a failure.
type childLog struct {
	path string

	mu   sync.Mutex
	file *os.File
	size int64
	last []string
}

// A log turns over at maxLog, keeping one older file; lastLines are kept.
const (
	maxLog    = 1 << 20
	maxLine   = 4 << 10
	lastLines = 5
)

// follow copies lines until the child has closed its end.
func (l *childLog) follow(r io.Reader) {
	in := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := in.ReadSlice('\n')
		if len(line) > 0 {
			l.add(line)
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

func (l *childLog) add(line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if text := shorten(string(line), maxShown); text != "" {
		if len(l.last) == lastLines {
			l.last = append(l.last[:0], l.last[1:]...)
		}
		l.last = append(l.last, text)
	}
	if l.file == nil || l.size+int64(len(line)) > maxLog {
		l.turn()
	}
	if l.file != nil {
		n, _ := l.file.Write(line)
		l.size += int64(n)
	}
}

// turn begins a new file. Without one, the last lines must do.
func (l *childLog) turn() {
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
	_ = os.Rename(l.path, l.path+".1")
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o640)
	if err == nil {
		l.file, l.size = f, 0
	}
}

// tail is the end of what the child said, on one line.
func (l *childLog) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.last, " | ")
}

// Close ends the file.
func (l *childLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}
