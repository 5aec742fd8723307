package opserver

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	stageQueue = 256
	// dhcpKey begins the keys of what is seen of DHCP.
	dhcpKey = "dhcp "
	// A stage that is told again under the same key within stageRepeat is the same one: a packet sent twice.
	stageRepeat   = 5 * time.Second
	stageTimeout  = 5 * time.Second // for one write
	stageTries    = 4
	stageTryPause = 500 * time.Millisecond
	stageDrain    = 3 * time.Second // for what is queued when the server ends
)

// stages publishes what the server sees of boots. Whoever sees something never waits: events go through a bounded
// queue to one writer, which keeps their order.
type stages struct {
	records Records
	log     *slog.Logger
	now     func() time.Time
	queue   chan stageEvent
	// known says whether a host is on record; what others do is logged only.
	known func(host string) bool

	mu     sync.Mutex
	recent map[string]time.Time
}

type stageEvent struct {
	host  string
	event ophub.Event
}

func newStages(records Records, log *slog.Logger, now func() time.Time) *stages {
	return &stages{records: records, log: log, now: now, queue: make(chan stageEvent, stageQueue), recent: map[string]time.Time{}}
}

// publish queues an event. The key says what is the same event seen twice; an empty one never is.
func (s *stages) publish(host, key string, event ophub.Event) {
	now := s.now()
	if key != "" && s.repeated(host+"\x00"+key, now) {
		return
	}
	if strings.HasPrefix(key, dhcpKey) {
		s.anew(host)
	}
	if event.Time.IsZero() {
		event.Time = now.UTC()
	}
	s.log.Info("boot stage", "host", host, "stage", event.Stage, "detail", event.Detail, "mac", event.MAC)
	if s.known != nil && !s.known(host) {
		return
	}
	select {
	case s.queue <- stageEvent{host, event}:
	default:
		s.log.Error("boot stage not recorded: the queue is full", "host", host, "stage", event.Stage)
	}
}

// anew forgets what a host has fetched, for it asks for an address again: what it fetches next is another boot's.
func (s *stages) anew(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.recent {
		if what, its := strings.CutPrefix(key, host+"\x00"); its && !strings.HasPrefix(what, dhcpKey) {
			delete(s.recent, key)
		}
	}
}

func (s *stages) repeated(key string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.recent[key]; ok && now.Sub(last) < stageRepeat {
		return true
	}
	if len(s.recent) > 4*stageQueue {
		for k, last := range s.recent {
			if now.Sub(last) >= stageRepeat {
				delete(s.recent, k)
			}
		}
	}
	s.recent[key] = now
	return false
}

// run writes events until ctx ends, and then what is queued, for a short while.
func (s *stages) run(ctx context.Context) error {
	for {
		select {
		case e := <-s.queue:
			s.write(ctx, e)
		case <-ctx.Done():
			s.drain()
			return nil
		}
	}
}

func (s *stages) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), stageDrain)
	defer cancel()
	for {
		select {
		case e := <-s.queue:
			s.write(ctx, e)
		default:
			return
		}
	}
}

func (s *stages) write(ctx context.Context, e stageEvent) {
	var err error
	for try := range stageTries {
		if try > 0 && !pause(ctx, stageTryPause<<try) {
			break
		}
		err = s.append(ctx, e)
		if err == nil {
			return
		}
	}
	s.log.Error("boot stage not recorded", "host", e.host, "stage", e.event.Stage, "error", err)
}

func (s *stages) append(ctx context.Context, e stageEvent) error {
	// A write that has begun is not broken off when the server ends.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stageTimeout)
	defer cancel()
	return s.records.AppendBoot(ctx, e.host, e.event)
}
