package provider

import (
	"context"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/operate"
)

// hearAfter is when the console of a machine that was not restarted is asked
// for: most are up, and a wait for them is over before.
const hearAfter = 2 * time.Second

// overhear listens to the machine's serial console, so that a boot which stalls
// can be told with the last of it.
func (h *machine) overhear(ctx context.Context, restarted bool) *operate.Overheard {
	after := hearAfter
	if restarted {
		after = 0
	}
	return operate.Hearing{
		Host: h.record.Name, Booting: h.record.Image, BMC: h.bmc, After: after, Secrets: h.secrets,
		Tell: func(why string) { h.log(ctx, "its serial console is not heard", "reason", why) },
	}.Start(ctx)
}

// secrets are what the provider was told and nobody is to see.
func (s *site) secrets() []string {
	all := []string{s.ophub.token, s.nomad.token, s.opserver.token}
	for _, c := range s.credentials {
		all = append(all, c.password, c.enablePassword)
		all = append(all, strings.Split(c.privateKey, "\n")...)
	}
	return all
}
