package bmcs

import (
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
)

// TestUnfinishedLANChange has somebody else in the middle of a change of the
// network configuration. One that ends is waited for, one that does not is taken
// over, and who claims it again at once has it.
func TestUnfinishedLANChange(t *testing.T) {
	const netTransport, setLAN, conflict = 0x0c, 0x01, 0x81
	for name, tc := range map[string]struct {
		theirs func(asked, ended int32) bool
		fine   bool
	}{
		"it ends":          {func(asked, _ int32) bool { return asked <= 2 }, true},
		"it does not end":  {func(_, ended int32) bool { return ended == 0 }, true},
		"it is gone on at": {func(int32, int32) bool { return true }, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked, ended atomic.Int32
				l := startInBubble(t, bmc.Config{Intercept: func(netFn, id byte, data []byte) ([]byte, byte, bool) {
					if netFn != netTransport || id != setLAN || data[1] != 0 {
						return nil, 0, false
					}
					if data[2] == 1 {
						return nil, conflict, tc.theirs(asked.Add(1), ended.Load())
					}
					ended.Add(1)
					return nil, 0, false
				}}, nil)
				vlan := 7
				err := ipmi.NewPool().Get(l.target).SetLAN(bounded(t), 0, ipmi.LANChange{VLAN: &vlan})
				if tc.fine != (err == nil) || err != nil && !typed(err) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
