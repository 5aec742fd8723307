package machine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
)

// maxQMPLine bounds one message of QEMU's; its longest regular ones have a few kilobytes.
const maxQMPLine = 1 << 20

// qmpMessage is any line that QEMU sends: the greeting, an event or an answer.
type qmpMessage struct {
	Greeting *struct{} `json:"QMP"`
	Event    string    `json:"event"`
	Data     struct {
		Guest  bool   `json:"guest"`
		Reason string `json:"reason"`
	} `json:"data"`
	ID     string          `json:"id"`
	Return json.RawMessage `json:"return"`
	Error  *struct {
		Class string `json:"class"`
		Desc  string `json:"desc"`
	} `json:"error"`
}

// parseQMP reads one line.
func parseQMP(line []byte) (qmpMessage, error) {
	var m qmpMessage
	if err := json.Unmarshal(line, &m); err != nil {
		return qmpMessage{}, fmt.Errorf("QMP: %w", err)
	}
	return m, nil
}

// errQMPClosed is what a command gets when QEMU has gone.
var errQMPClosed = errors.New("QEMU closed its control connection")

// qmp is the control connection of one QEMU process.
type qmp struct {
	conn  io.ReadWriteCloser
	ready chan struct{} // closed by the greeting
	done  chan struct{} // closed when the connection has ended

	writing sync.Mutex

	mu      sync.Mutex
	next    int
	waiting map[string]chan qmpMessage
	reason  string // of the last SHUTDOWN event
}

// newQMP follows conn until it ends.
func newQMP(conn io.ReadWriteCloser) *qmp {
	q := &qmp{conn: conn, ready: make(chan struct{}), done: make(chan struct{}), waiting: map[string]chan qmpMessage{}}
	go q.follow()
	return q
}

func (q *qmp) follow() {
	defer close(q.done)
	lines := bufio.NewScanner(q.conn)
	lines.Buffer(make([]byte, 4096), maxQMPLine)
	greeted := false
	for lines.Scan() {
		m, err := parseQMP(lines.Bytes())
		if err != nil {
			continue // not ours to judge; a command that waits for it runs into its deadline
		}
		switch {
		case m.Greeting != nil && !greeted:
			greeted = true
			close(q.ready)
		case m.Event == "SHUTDOWN":
			q.mu.Lock()
			q.reason = m.Data.Reason
			q.mu.Unlock()
		case m.ID != "":
			q.mu.Lock()
			if answer, ok := q.waiting[m.ID]; ok {
				delete(q.waiting, m.ID)
				answer <- m // has room for it
			}
			q.mu.Unlock()
		}
	}
}

// shutdownReason is why QEMU said that it ends, or "".
func (q *qmp) shutdownReason() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.reason
}

// open waits for QEMU to be there and leaves its negotiation mode.
func (q *qmp) open(ctx context.Context) error {
	select {
	case <-q.ready:
	case <-q.done:
		return errQMPClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	_, err := q.do(ctx, "qmp_capabilities")
	return err
}

// do runs a command that has no arguments.
func (q *qmp) do(ctx context.Context, command string) (json.RawMessage, error) {
	answer := make(chan qmpMessage, 1)
	q.mu.Lock()
	q.next++
	id := strconv.Itoa(q.next)
	q.waiting[id] = answer
	q.mu.Unlock()
	defer func() {
		q.mu.Lock()
		delete(q.waiting, id)
		q.mu.Unlock()
	}()
	line, err := json.Marshal(map[string]string{"execute": command, "id": id})
	if err != nil {
		return nil, err
	}
	q.writing.Lock()
	_, err = q.conn.Write(append(line, '\n'))
	q.writing.Unlock()
	if err != nil {
		return nil, fmt.Errorf("QMP %s: %w", command, err)
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			return nil, fmt.Errorf("QMP %s: %s: %s", command, m.Error.Class, m.Error.Desc)
		}
		return m.Return, nil
	case <-q.done:
		return nil, fmt.Errorf("QMP %s: %w", command, errQMPClosed)
	case <-ctx.Done():
		return nil, fmt.Errorf("QMP %s: %w", command, ctx.Err())
	}
}

// status asks for QEMU's run state.
func (q *qmp) status(ctx context.Context) (string, error) {
	raw, err := q.do(ctx, "query-status")
	if err != nil {
		return "", err
	}
	var answer struct {
		Status string `json:"status"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return "", fmt.Errorf("QMP query-status: %w", err)
	}
	return answer.Status, nil
}
