package agentd

import (
	"context"
	"time"
)

// farewell is how long the ophub may take to let the host go.
const farewell = 5 * time.Second

// down ends what up has started, in the order in which others must not miss
// it: first the work moves away, then the host's record goes, and at last the
// switch hears goodbye.
func (a *agent) down() {
	a.kernels.wait()
	defer a.cables.stop()
	if a.registration == nil {
		return
	}
	a.release()
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if err := a.registration.Close(ctx); err != nil {
		a.log.Warn("could not take the live record back; it ends by itself", "error", err)
		return
	}
	a.log.Info("deregistered")
}
