package ophub

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
)

func TestNextIndex(t *testing.T) {
	for _, c := range []struct{ last, got, want uint64 }{
		{0, 7, 7}, {7, 9, 9}, {7, 7, 7},
		{9, 7, 1}, // the server was restored
		{0, 0, 1}, // waiting for 0 does not block
		{5, 0, 1},
	} {
		if got := nextIndex(c.last, c.got); got != c.want {
			t.Errorf("nextIndex(%d, %d) = %d, want %d", c.last, c.got, got, c.want)
		}
	}
}

// TestFollow: what is asked for after each kind of answer, and what is told.
func TestFollow(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	hub := &Hub{log: slog.New(slog.DiscardHandler)}
	answers := []struct {
		index uint64
		err   error
	}{{5, nil}, {5, nil}, {6, nil}, {0, errors.New("lost")}, {6, nil}, {2, nil}, {2, nil}, {3, nil}}
	var asked []uint64
	var told []string
	follow(ctx, hub, "test", 0, func(q *api.QueryOptions) (string, *api.QueryMeta, error) {
		asked = append(asked, q.WaitIndex)
		a := answers[len(asked)-1]
		return "", &api.QueryMeta{LastIndex: a.index}, a.err
	}, func(_ string, err error) bool {
		if err != nil {
			told = append(told, "error")
		} else {
			told = append(told, "news")
		}
		return len(asked) < len(answers)
	})
	wantAsked := []uint64{0, 5, 5, 6, 0, 6, 1, 2}
	wantTold := []string{"news", "news", "error", "news", "news", "news", "news"}
	if len(asked) != len(wantAsked) || len(told) != len(wantTold) {
		t.Fatalf("asked %v, told %v", asked, told)
	}
	for i := range asked {
		if asked[i] != wantAsked[i] {
			t.Errorf("asked %v, want %v", asked, wantAsked)
			break
		}
	}
	for i := range told {
		if told[i] != wantTold[i] {
			t.Errorf("told %v, want %v", told, wantTold)
			break
		}
	}
}

// TestBackoff: waits grow to the limit, and end with the context.
func TestBackoff(t *testing.T) {
	b := backoff{least: time.Microsecond, most: 8 * time.Microsecond}
	for range 6 {
		if err := b.sleep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if b.next != b.most {
		t.Errorf("after 6 waits: %s", b.next)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	long := backoff{least: time.Hour, most: time.Hour}
	if err := long.sleep(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled wait: %v", err)
	}
}

// TestAdvice: what an error tells to do.
func TestAdvice(t *testing.T) {
	hub, err := New(Config{Address: "127.0.0.1:8500", Token: "hush"})
	if err != nil {
		t.Fatal(err)
	}
	for advice, cause := range map[string]error{
		"give the ophub a token that may use keys under cthulix/": api.StatusError{Code: 403, Body: "Permission denied"},
		"Consul's servers have no leader":                         api.StatusError{Code: 500, Body: "No cluster leader"},
		"Consul did not answer in time":                           context.DeadlineExceeded,
	} {
		got := hub.fail("read hosts/node1", cause)
		if !errors.Is(got, cause) || !strings.Contains(got.Error(), advice) || !strings.Contains(got.Error(), "ophub at http://127.0.0.1:8500: read hosts/node1") {
			t.Errorf("%v: got %v", cause, got)
		}
	}
}
