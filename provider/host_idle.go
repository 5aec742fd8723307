package provider

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
)

// idleLimit is how long a refresh asks what takes no work. It is asked once a
// walk and node pool, for all hosts together.
const idleLimit = 10 * time.Second

// withdrawn returns what asks for the hosts of a pool that an apply has drained
// and not let take work again.
func (s *site) withdrawn(pool string) func() ([]gridapp.Withdrawn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ask, there := s.idle[pool]
	if !there {
		ask = sync.OnceValues(func() ([]gridapp.Withdrawn, error) {
			engine, err := s.gridappClient()
			if err != nil {
				return nil, err
			}
			ctx, cancel := context.WithTimeout(context.Background(), idleLimit)
			defer cancel()
			all, err := engine.Withdrawn(ctx, pool)
			return slices.DeleteFunc(all, func(w gridapp.Withdrawn) bool { return w.By != gridapp.ByApply }), err
		})
		if s.idle == nil {
			s.idle = map[string]func() ([]gridapp.Withdrawn, error){}
		}
		s.idle[pool] = ask
	}
	return ask
}

// idle says that a host which is to work takes none, because an apply that was
// cut off drained it. One that is off has no work to take.
func (r *hostResource) idle(m hostModel, kernels []string) []string {
	if m.Power.ValueString() == powerOff || r.site.nomad.check() != nil {
		return nil
	}
	for _, k := range kernels {
		all, err := r.site.withdrawn(gridapp.DomainOf(k, "").NodePool)()
		if err != nil {
			continue // it cannot be observed, which is no drift
		}
		for _, w := range all {
			if w.Host == m.Name.ValueString() {
				return []string{fmt.Sprintf("%sit takes none since %s, when an apply that did not come to its end drained it (%s)", driftWork, w.Since.UTC().Format(time.RFC3339), w.Reason)}
			}
		}
	}
	return nil
}
