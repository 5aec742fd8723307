package ipmi

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// claimPatience is how long a change that somebody else has begun may take. The
// mark of it is a notice, no lock (IPMI 2.0 table 23-4, parameter 0), and whoever
// is killed in the middle leaves it standing until the machine loses its power.
const (
	claimPatience = 10 * time.Second
	claimRest     = time.Second
)

// claimLAN marks that a change begins. It waits for the end of another one, and
// takes over one that does not end.
func (v *conversation) claimLAN(ctx context.Context, channel byte) error {
	for began, over := time.Now(), false; ; {
		// Sent once: sent again, it would run into itself. If its answer is lost, the change goes on without it.
		var silent *UnreachableError
		err := v.once(cmdSetLAN, channel, selectSetInProgress, setInProgress)
		switch {
		case answered(err, codeSetConflict) && over:
			return fmt.Errorf("%w: somebody else is changing the LAN configuration: try again later", err)
		case answered(err, codeSetConflict):
		case err != nil && !refused(err) && (!errors.As(err, &silent) || ended(ctx) != nil):
			return err
		default:
			return nil
		}
		if over = time.Since(began) > claimPatience; over {
			err = v.endLAN(channel)
		} else {
			err = pause(ctx, claimRest)
		}
		if err != nil {
			return err
		}
	}
}
