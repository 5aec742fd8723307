package agentd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Limits of what the opserver answers, and for how long one call may take.
const (
	callTimeout = 15 * time.Second
	maxAnswer   = 1 << 20
)

// How much of a text from outside is shown: of one answer or line, and of all
// that is in a report.
const (
	maxShown    = 200
	maxReported = 1000
)

// call makes one small exchange with the opserver: body and answer are JSON,
// and either may be nil.
func (a *agent) call(ctx context.Context, method, url string, body, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, in)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := a.cfg.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, url, err)
	}
	if len(b) > maxAnswer {
		return fmt.Errorf("%s %s: answer of more than %d KiB", method, url, maxAnswer>>10)
	}
	if resp.StatusCode/100 != 2 {
		return &StatusError{Method: method, URL: url, Code: resp.StatusCode, Text: shorten(string(b), maxShown)}
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(b, answer); err != nil {
		return fmt.Errorf("%s %s: answer is not what was expected: %w", method, url, err)
	}
	return nil
}

// StatusError is an HTTP answer that says no.
type StatusError struct {
	Method, URL string
	Code        int
	Text        string
}

// Error shows the request, the status and the beginning of the answer.
func (e *StatusError) Error() string {
	s := fmt.Sprintf("%s %s: %d %s", e.Method, e.URL, e.Code, http.StatusText(e.Code))
	if e.Text != "" {
		s += ": " + e.Text
	}
	return s
}

func statusCode(err error) int {
	var s *StatusError
	if errors.As(err, &s) {
		return s.Code
	}
	return 0
}

// shorten makes text from outside fit for one line.
func shorten(s string, limit int) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + " …"
	}
	return s
}
