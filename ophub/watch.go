package ophub

import (
	"context"
	"time"

	"github.com/hashicorp/consul/api"
)

const (
	// blockFor is how long Consul holds a blocking query when nothing changes.
	// Consul adds up to a sixteenth of it.
	blockFor = time.Minute
	// blockLimit is when an answer is overdue: the server, or the way to it,
	// is gone without a word.
	blockLimit = blockFor + blockFor/16 + 10*time.Second
	// restFor keeps a record that changes all the time from taking all the
	// time of whoever follows it.
	restFor = 20 * time.Millisecond
)

// follow runs a blocking query until ctx ends. It calls emit with each result
// whose index is new, and with each failure; it ends when emit is false.
func follow[T any](ctx context.Context, h *Hub, what string, index uint64, query func(*api.QueryOptions) (T, *api.QueryMeta, error), emit func(T, error) bool) {
	wait := backoff{least: 200 * time.Millisecond, most: 10 * time.Second}
	for ctx.Err() == nil {
		limited, cancel := context.WithTimeout(ctx, blockLimit)
		q := (&api.QueryOptions{WaitIndex: index, WaitTime: blockFor}).WithContext(limited)
		result, meta, err := query(q)
		cancel()
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			h.log.Warn("watch failed, will retry", "what", what, "error", err)
			if !emit(result, h.fail("watch "+what, err)) || wait.sleep(ctx) != nil {
				return
			}
			// What was missed meanwhile is in the next result, whatever index
			// the server is at by then.
			index = 0
			continue
		}
		wait.reset()
		if next := nextIndex(index, meta.LastIndex); next != index {
			index = next
			if !emit(result, nil) {
				return
			}
		}
		if pause(ctx, restFor) != nil {
			return
		}
	}
}

// nextIndex is what to wait for after an answer at index got. An index that
// goes back belongs to a server that was restored or replaced: begin again. It
// is never 0, since waiting for that does not block.
func nextIndex(last, got uint64) uint64 {
	if got < last || got == 0 {
		return 1
	}
	return got
}
