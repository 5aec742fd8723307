package operate_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/operate"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// noted are the records of a boot that nobody reads.
type noted struct{ resets int }

func (n *noted) ResetBoot(context.Context, string, string) error {
	n.resets++
	return nil
}

func (n *noted) AppendBoot(context.Context, string, ophub.Event) error { return nil }

// stubborn is a machine that stays off whatever its BMC is told.
type stubborn struct{ button }

func (*stubborn) PowerOn(ctx context.Context) error {
	<-ctx.Done()
	return &ipmi.StateError{BMC: "b", Verb: "power on", Want: "on", Saw: string(ipmi.Off), Err: ctx.Err()}
}

// A machine without power names the stage, what its BMC said and the cause, and leaves no boot to wait for.
func TestBootWithoutPower(t *testing.T) {
	for name, c := range map[string]struct {
		bmc  operate.Controller
		late bool
		want string
	}{
		"stays off": {&stubborn{}, true, `host node1 stopped at stage "power": BMC b: power on: waited 0s for on, last saw off: context deadline exceeded; its BMC took the command, and the machine stays off`},
		"refused":   {&button{fail: &ipmi.CommandError{BMC: "b", Command: "chassis control", Code: 0xd6}}, false, "its BMC refuses: check that the account"},
		"silent":    {&button{fail: errors.New("no answer")}, false, `stage "power": no answer`},
	} {
		t.Run(name, func(t *testing.T) {
			var records noted
			err := operate.Boot{Record: ophub.Host{Name: "node1"}, Limit: time.Millisecond}.Begin(t.Context(), c.bmc, &records)
			var power *operate.PowerError
			if !errors.As(err, &power) || power.Late != c.late || !strings.Contains(err.Error(), c.want) || records.resets != 2 {
				t.Errorf("%v, %d resets", err, records.resets)
			}
		})
	}
}
