package machine

import (
	"context"
	"sync"
	"time"
)

// eventBacklog is how far a reader may fall behind.
const eventBacklog = 64

// feed hands events to all who follow.
type feed struct {
	mu        sync.Mutex
	followers map[chan Event]struct{}
}

func (f *feed) follow(ctx context.Context) <-chan Event {
	events := make(chan Event, eventBacklog)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.followers == nil {
		f.followers = map[chan Event]struct{}{}
	}
	f.followers[events] = struct{}{}
	context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.followers, events)
		close(events)
	})
	return events
}

func (f *feed) send(e Event) {
	e.Time = time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	for events := range f.followers {
		select {
		case events <- e:
			continue
		default:
		}
		// Full: the oldest makes room. Only this function sends, under the lock, so there is room now.
		select {
		case <-events:
		default:
		}
		events <- e
	}
}
