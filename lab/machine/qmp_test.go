package machine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// fakeQEMU answers commands by script.
func fakeQEMU(t *testing.T, answer func(line string) string) *qmp {
	t.Helper()
	ours, theirs := net.Pipe()
	go func() {
		defer func() { _ = theirs.Close() }()
		if _, err := fmt.Fprintln(theirs, `{"QMP": {"version": {}, "capabilities": []}}`); err != nil {
			return
		}
		for lines := bufio.NewScanner(theirs); lines.Scan(); {
			reply := answer(lines.Text())
			if reply == "" {
				return
			}
			if _, err := fmt.Fprintln(theirs, reply); err != nil {
				return
			}
		}
	}()
	q := newQMP(ours)
	t.Cleanup(func() { _ = ours.Close(); <-q.done })
	return q
}

func TestQMP(t *testing.T) {
	n := 0
	q := fakeQEMU(t, func(line string) string {
		n++
		switch {
		case strings.Contains(line, "qmp_capabilities"):
			return `{"return": {}, "id": "1"}`
		case strings.Contains(line, "query-status"):
			return "not json\n" + `{"event": "RESUME"}` + "\n" + `{"id": "999", "return": {}}` + "\n" + `{"return": {"status": "running"}, "id": "2"}`
		case strings.Contains(line, "bad"):
			return `{"error": {"class": "CommandNotFound", "desc": "no such thing"}, "id": "3"}`
		}
		return `{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}}`
	})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := q.open(ctx); err != nil {
		t.Fatal(err)
	}
	if got, err := q.status(ctx); err != nil || got != "running" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := q.do(ctx, "bad"); err == nil || !strings.Contains(err.Error(), "CommandNotFound: no such thing") {
		t.Errorf("got %v", err)
	}
	short, stop := context.WithTimeout(ctx, 50*time.Millisecond)
	defer stop()
	if _, err := q.do(short, "system_powerdown"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an answer that never comes: %v", err)
	}
	if got := q.shutdownReason(); got != "guest-reset" {
		t.Errorf("reason %q", got)
	}
}

func TestQMPCloses(t *testing.T) {
	q := fakeQEMU(t, func(string) string { return "" })
	if err := q.open(context.Background()); !errors.Is(err, errQMPClosed) {
		t.Errorf("got %v", err)
	}
}

func FuzzParseQMP(f *testing.F) {
	for _, seed := range []string{
		`{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": ["oob"]}}`,
		`{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}}`,
		`{"return": {"status": "running"}, "id": "2"}`, `{"error": {"class": "GenericError", "desc": "x"}}`, `{"id": 7}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := parseQMP(line)
		if err != nil && (m.Event != "" || m.ID != "") {
			t.Errorf("an error and a message: %+v", m)
		}
	})
}
