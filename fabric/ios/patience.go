package ios

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// errClosed says that the switch ended a session.
var errClosed = errors.New("the switch closed the session")

// linesTaken says whether a login failed as it does when all vty lines of a
// switch are taken: it refuses the connection, or closes it at once.
func linesTaken(err error) bool {
	var u *UnreachableError
	if !errors.As(err, &u) {
		return false
	}
	for _, cause := range []error{syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, io.EOF, io.ErrUnexpectedEOF, errClosed} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// unreachable says whether a login failed in a way that can pass, such as a
// switch that restarts.
func unreachable(err error) bool {
	var u *UnreachableError
	return errors.As(err, &u)
}

// dialPatiently is Dial, again and again for some time, as long as it fails in
// a way that can pass.
func dialPatiently(ctx context.Context, t fabric.Target, wait time.Duration, tell reporter, passing func(error) bool) (*Session, error) {
	times := t.Timeouts.WithDefaults()
	deadline := time.Now().Add(wait)
	for tries := 1; ; tries++ {
		s, err := Dial(ctx, t)
		if err == nil || !passing(err) || ctx.Err() != nil {
			return s, err
		}
		if !time.Now().Add(times.Retry).Before(deadline) {
			return nil, fmt.Errorf("%w (tried %d times within %s)", err, tries, wait)
		}
		tell.say(StageWait, fmt.Sprintf("no session yet, trying again every %s for up to %s: %v", times.Retry, wait, err))
		if err2 := pause(ctx, times.Retry); err2 != nil {
			return nil, fmt.Errorf("%w: %w", err2, err)
		}
	}
}

// grace gives a context that outlives ctx by d: a line that is on its way gets
// the time to be answered, so that a session which is interrupted stays usable
// for the way back.
func grace(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(d, func() { cancel(context.Cause(ctx)) })
		context.AfterFunc(longer, func() { t.Stop() })
	})
	return longer, func() {
		stop()
		cancel(context.Canceled)
	}
}

// lineGrace is how long the answer to a line is waited for after an
// interruption.
const lineGrace = 2 * time.Second
