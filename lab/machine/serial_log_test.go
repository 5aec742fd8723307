package machine

import (
	"errors"
	"io"
	"os"
	"testing"
)

// A console that is opened has what comes from then on, and ends when it is closed.
func TestSerialIsFollowed(t *testing.T) {
	m := &QEMU{cfg: Config{Name: "node1", RunDir: t.TempDir()}}
	if err := os.WriteFile(m.SerialLog(), []byte("an old boot\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	serial, err := m.OpenSerial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(m.SerialLog(), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, line := range []string{"GRUB\n", "Linux\n"} {
		if _, err := file.WriteString(line); err != nil {
			t.Fatal(err)
		}
		heard := make([]byte, len(line))
		if _, err := io.ReadFull(serial, heard); err != nil || string(heard) != line {
			t.Errorf("%q, %v; want %q", heard, err, line)
		}
	}
	ended := make(chan error, 1)
	go func() { _, err := serial.Read(make([]byte, 1)); ended <- err }()
	if err := serial.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed) {
		t.Errorf("the end: %v", err)
	}
}
