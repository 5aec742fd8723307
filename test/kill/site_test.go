package kill

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/engines"
	"github.com/cthulix/terraform-provider-cthulix/engines/enginetest"
	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/light"
	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	username = "ADMIN"
	password = "swordfish"
	// host is the machine that it is about, kernel what it serves; peer is in one
	// rollout group with it.
	host, peer = "kill1", "kill2"
	kernel     = "kill"
	group      = "rack-k"
)

// site is what applies work on, each of its doors watched.
type site struct {
	t   *testing.T
	hub *ophub.Hub
	// work is Nomad, by a way of its own that no trigger sees.
	work         *gridapp.Client
	rack         *light.Rack
	store        *keg.Dir
	ophub, nomad string // as the provider is told

	*workspace
	renew func() // has Nomad's client come back after its node was forgotten
	trap  *trap
	clock *bmc.Ahead // of the BMCs
	down  tally
}

// tally counts the machines that are down, of those that have been up.
type tally struct {
	mu   sync.Mutex
	up   map[string]bool
	most int
}

func (c *tally) note(machine string, up bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.up == nil {
		c.up = map[string]bool{}
	}
	c.up[machine] = up
	down := 0
	for _, up := range c.up {
		if !up {
			down++
		}
	}
	c.most = max(c.most, down)
}

// look returns how many were down at once since the last look.
func (c *tally) look() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	most := c.most
	c.most = 0
	return most
}

func newSite(t *testing.T) *site {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute) // a first run builds engines
	defer cancel()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	consul, nomad := enginetest.Consul(t), enginetest.Nomad(t)
	// Not t.TempDir(): what Nomad's client mounts may outlive the test for a moment.
	dir, err := os.MkdirTemp("", "cthulix-kill-")
	must(err)
	t.Cleanup(func() { os.RemoveAll(dir) })

	s := &site{t: t, workspace: newWorkspace(t), trap: &trap{}, clock: bmc.NewAhead()}
	s.trap.kill, s.trap.stages.trap, s.trap.stages.freeze = s.workspace.kill, s.trap, func() { s.plug(false) }
	s.hub, err = ophub.New(ophub.Config{Address: consul.Address})
	must(err)
	s.work, err = gridapp.New(gridapp.Config{Address: nomad.Address})
	must(err)
	s.ophub, s.nomad = s.trap.door(t, doorOphub, consul.Address), s.trap.door(t, doorNomad, nomad.Address)

	domain := gridapp.DomainOf(kernel, "")
	must(s.work.EnsureDomain(ctx, domain))
	must(s.hub.PutKernel(ctx, ophub.Kernel{Name: kernel, Namespace: domain.Namespace, NodePool: domain.NodePool}))
	s.startNode(filepath.Join(dir, "node"), nomad.RPC, domain.NodePool)
	_, err = s.work.WaitNodes(ctx, domain.NodePool, 1)
	must(err)

	s.store, err = keg.OpenDir(filepath.Join(dir, "keg"))
	must(err)
	s.rack, err = light.NewRack(light.RackConfig{
		Hub: s.hub, Consul: strings.TrimPrefix(consul.Address, "http://"), Keg: s.store, Machines: 2, Name: "kill",
		MAC:      net.HardwareAddr{0x52, 0x54, 0, 0x31, 0, 1},
		Username: username, Password: password, Retry: 50 * time.Millisecond,
		Firmware: fstest.MapFS{"undionly.kpxe": {Data: bytes.Repeat([]byte("bios"), 1000)}, "snponly.efi": {Data: []byte("uefi")}},
		Up:       s.up, Intercept: s.trap.bmc, Clock: s.clock, Logger: slog.New(&s.trap.stages),
	})
	must(err)
	s.serve(s.rack.Run)
	return s
}

// up hears of the agents of machines. One that comes is told before its record is
// there to be seen.
func (s *site) up(machine string, up bool) {
	s.down.note(machine, up)
	if !up || machine != host {
		return
	}
	if spring := s.trap.hears(knock{door: doorStage, what: string(ophub.StageRegistered)}); spring != nil {
		s.trap.strike(spring)
	}
}

func (s *site) serve(run func(context.Context) error) {
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := run(ctx); err != nil {
			s.t.Error(err)
		}
	})
	s.t.Cleanup(func() { stop(); running.Wait() })
}

// startNode starts the Nomad client of host, which outlives its restarts: what
// runs on a light machine is a word in its record.
func (s *site) startNode(home, rpc, pool string) {
	s.t.Helper()
	clients := enginetest.Clients{Binary: enginetest.Locate(s.t, "nomad"), Dir: home, RPC: rpc}
	s.t.Cleanup(clients.CleanUp)
	var node *engines.Child
	s.renew = func() {
		s.t.Helper()
		if node != nil {
			node.Stop()
		}
		var err error
		if node, err = clients.Start(host, pool); err != nil {
			s.t.Fatal(err)
		}
	}
	s.renew()
	s.t.Cleanup(func() { node.Stop() })
}

// image makes an image that the machines boot.
func (s *site) image(name string) keg.KID {
	s.t.Helper()
	kid, err := light.PutImage(s.t.Context(), s.store, name)
	if err != nil {
		s.t.Fatal(err)
	}
	return kid
}

// plug lets the frames of the machine through, or none of them.
func (s *site) plug(through bool) {
	access := wire.PortState{Up: true, Access: 20}
	states := map[string]wire.PortState{light.Uplink: access, light.Port(1): access}
	if through {
		states[light.Port(0)] = access
	}
	s.rack.Wire.Configure(states)
}

// provider is the provider block.
func (s *site) provider() string {
	return fmt.Sprintf(`
terraform {
  required_providers {
    cthulix = { source = "registry.terraform.io/cthulix/cthulix" }
  }
}

provider "cthulix" {
  cache_dir   = %q
  credentials = { bmc = { username = %q, password = %q } }
  ophub       = { address = %q }
  nomad       = { address = %q }
}
`, filepath.Join(s.dir, "cache"), username, password, s.ophub, s.nomad)
}

// machine declares the nth machine.
func (s *site) machine(n int, image keg.KID, more string) string {
	return fmt.Sprintf(`
resource "cthulix_host" "node%[1]d" {
  name  = "kill%[1]d"
  macs  = [%[2]q]
  image = %[3]q
  bmc   = { address = %[4]q, credentials = "bmc" }
  %[5]s
}
`, n+1, s.rack.MACs[n], image, s.rack.Addresses[n], more)
}
