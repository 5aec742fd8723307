package ophub

import (
	"context"
	"time"
)

// View is all that is recorded of one host, at one time.
type View struct {
	Host  *Host // nil when there is no record
	Boot  Boot
	Agent *Agent // nil when none lives
	// At is when the view was taken.
	At time.Time
	// Err is why the records cannot be read now; the rest is then what was
	// read last.
	Err error
}

// WatchHost sends what is recorded of a host, now and after each change, until
// ctx ends; then it closes the channel.
func (h *Hub) WatchHost(ctx context.Context, name string) <-chan View { return nil }
