package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

var _ Serial = (*QEMU)(nil)

// serialLook is how often a console's file is looked at for more.
const serialLook = 50 * time.Millisecond

// OpenSerial implements Serial by following the file that QEMU writes the console to, which outlives each of its
// processes. What is typed goes nowhere: a lab machine's serial port has no other end.
func (m *QEMU) OpenSerial(context.Context) (io.ReadWriteCloser, error) {
	// A machine that was never on has no file yet.
	file, err := os.OpenFile(m.SerialLog(), os.O_RDONLY|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("machine %s: open the console: %w", m.cfg.Name, err)
	}
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		return nil, fmt.Errorf("machine %s: open the console: %w", m.cfg.Name, errors.Join(err, file.Close()))
	}
	return &serialLog{file: file, closed: make(chan struct{})}, nil
}

// serialLog reads a file that grows.
type serialLog struct {
	file   *os.File
	once   sync.Once
	closed chan struct{}
}

func (s *serialLog) Read(p []byte) (int, error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.closed:
			return 0, io.EOF
		case <-timer.C:
		}
		n, err := s.file.Read(p)
		if n > 0 || err != nil && !errors.Is(err, io.EOF) {
			return n, err
		}
		timer.Reset(serialLook)
	}
}

func (s *serialLog) Write(p []byte) (int, error) { return len(p), nil }

func (s *serialLog) Close() (err error) {
	s.once.Do(func() {
		close(s.closed)
		err = s.file.Close()
	})
	return err
}
