package provider_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
	"github.com/cthulix/terraform-provider-cthulix/provider"
	"github.com/cthulix/terraform-provider-cthulix/test/switches"
)

// The secrets of all tests. None of them may turn up in state, plan or log.
const (
	switchPassword = "swordfish-switch"
	switchSecret   = "swordfish-enable"
	bmcPassword    = "swordfish-bmc"
	keepToken      = "swordfish-keg"
)

// startup is what the switch of most tests was told before Terraform came.
const startup = `
hostname leaf1
!
interface GigabitEthernet1/0/3
 description uplink of old
 switchport access vlan 7
!
end
`

// world is all that a provider under test talks to.
type world struct {
	t       testing.TB
	sim     *iossim.Sim
	address string // of the switch
	hostKey string
	cache   string
	dial    *gate

	managed  string   // the management interface
	blocks   []string // further lines of the provider block
	attrs    []string // further lines of the switch's entry in it
	switches []string // further switches
}

// newWorld starts a simulated switch.
func newWorld(t testing.TB) *world { return newWorldOf(t, startup) }

// newWorldOf starts a simulated switch that was told something else before
// Terraform came.
func newWorldOf(t testing.TB, startup string, change ...func(*iossim.Config)) *world {
	t.Helper()
	sim, address, hostKey := newSwitch(t, "leaf1", startup, change...)
	return &world{t: t, sim: sim, address: address, hostKey: hostKey, cache: t.TempDir(), dial: &gate{}, managed: "gi1/0/52"}
}

// newSwitch starts a simulated switch.
func newSwitch(t testing.TB, name, startup string, change ...func(*iossim.Config)) (sim *iossim.Sim, address, hostKey string) {
	t.Helper()
	config := iossim.Config{
		Hostname:     name,
		Users:        map[string]string{"cthulix": switchPassword},
		EnableSecret: switchSecret,
		Startup:      startup,
	}
	for _, c := range change {
		c(&config)
	}
	sw := switches.Start(t, config)
	return sw.Sim, sw.Target.Address, sw.Target.HostKey
}

// serve runs a server for the rest of the test.
func serve(t testing.TB, what string, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("%s: %v", what, err)
		}
	})
}

// gate is a dialer that can be shut, as a cable that is pulled.
type gate struct {
	shut  bool
	only  string                                  // the one address that it is shut for; empty is all
	hold  func(context.Context) (net.Conn, error) // what answers a dial in its place
	mu    sync.Mutex
	dials int

	pulled bool // as shut, while something is going on
}

func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.dials
}

func (g *gate) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	g.mu.Lock()
	g.dials++
	pulled := g.pulled
	g.mu.Unlock()
	if pulled || g.shut && (g.only == "" || g.only == address) {
		return nil, fmt.Errorf("no route to %s", address)
	}
	if g.hold != nil && g.only == address {
		return g.hold(ctx)
	}
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

// factories returns providers that talk to the world.
func (w *world) factories(opts ...provider.Option) map[string]func() (tfprotov6.ProviderServer, error) {
	opts = append([]provider.Option{provider.WithSwitchDialer(w.dial.DialContext)}, opts...)
	return map[string]func() (tfprotov6.ProviderServer, error){
		"cthulix": func() (tfprotov6.ProviderServer, error) {
			return provider.New("test", opts...)
		},
	}
}

// config returns a configuration: the provider block and body.
func (w *world) config(body string) string {
	return fmt.Sprintf(`
provider "cthulix" {
  cache_dir = %q
  credentials = {
    network = { username = "cthulix", password = %q, enable_password = %q }
    bmc     = { username = "ADMIN", password = %q }
    wrong   = { username = "ADMIN", password = "not-it" }
  }
  switches = {
    leaf1 = {
      address              = %q
      host_key             = %q
      credentials          = "network"
      management_interface = %q
      %s
    }
    %s
  }
  %s
}
%s`, w.cache, switchPassword, switchSecret, bmcPassword, w.address, w.hostKey, w.managed,
		strings.Join(w.attrs, "\n      "), strings.Join(w.switches, "\n    "), strings.Join(w.blocks, "\n  "), body)
}

// test runs steps against the world, and checks at the end of them that the
// switch is as it was before.
func (w *world) test(steps ...resource.TestStep) {
	w.t.Helper()
	t, ok := w.t.(*testing.T)
	if !ok {
		w.t.Fatal("not a test")
	}
	before := w.sim.RunningConfig()
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps:                    steps,
	})
	if after := w.sim.RunningConfig(); after != before {
		t.Errorf("destroy left another running configuration:\n%s\nbefore:\n%s", after, before)
	}
}

// byHand changes the switch behind Terraform's back.
func (w *world) byHand(lines ...string) {
	w.t.Helper()
	if out, err := w.sim.Exec(append(append([]string{"configure terminal"}, lines...), "end")...); err != nil {
		w.t.Fatalf("by hand: %v\n%s", err, out)
	}
}

// has and lacks check the running configuration.
func (w *world) has(text string) error {
	if !strings.Contains(w.sim.RunningConfig(), text) {
		return fmt.Errorf("the running configuration lacks %q:\n%s", text, w.sim.RunningConfig())
	}
	return nil
}

// dropAt cuts the session before a line, each time that it comes.
func dropAt(line string) iossim.Fault { return iossim.Fault{Line: "^" + line + "$", Drop: true} }

// rejectLine makes the switch refuse a line, each time that it comes.
func rejectLine(line string) iossim.Fault {
	return iossim.Fault{Line: "^" + line + "$", Answer: "Command rejected: by the test\n"}
}

// shows waits until a command of the switch shows a text.
func (w *world) shows(line, text string) {
	w.t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		out, err := w.sim.Exec(line)
		if err == nil && strings.Contains(out, text) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			w.t.Fatalf("%s: waiting for %q, %v: %s", line, text, err, out)
		}
	}
}
