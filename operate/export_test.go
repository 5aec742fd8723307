package operate

import (
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

// Heard is the end of a console on which something was said.
func Heard(host string, said []byte, secrets ...string) string {
	o := &Overheard{Hearing: Hearing{Host: host, Secrets: secrets}, tail: ipmi.NewTail(overheardBytes), since: time.Now()}
	_, _ = o.Write(said)
	return o.End()
}
