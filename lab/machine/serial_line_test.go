package machine

import (
	"io"
	"strings"
	"testing"
)

// Who attaches late hears what was said since Clear, as far as it is kept, and then what is said.
func TestLine(t *testing.T) {
	var l Line
	l.Say("before")
	l.Clear()
	l.Say("one of %d", 2)
	end, err := l.OpenSerial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.Say("two")
	heard := make([]byte, len("one of 2\r\ntwo\r\n"))
	if _, err := io.ReadFull(end, heard); err != nil || string(heard) != "one of 2\r\ntwo\r\n" {
		t.Errorf("%q, %v", heard, err)
	}
	for range 3 {
		l.Say("%s", strings.Repeat("x", lineRoom/2))
	}
	l.Say("end")
	heard = make([]byte, lineRoom)
	if _, err := io.ReadFull(end, heard); err != nil || !strings.HasSuffix(string(heard), "x\r\nend\r\n") {
		t.Errorf("%d bytes, %v", len(heard), err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := end.Read(heard)
		done <- err
	}()
	_ = end.Close()
	if err := <-done; err != io.EOF { //nolint:errorlint // an io.Reader's end is bare
		t.Errorf("after its end: %v", err)
	}
}
