package kill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// More knocks.
var (
	shutDown    = is(doorBMC, "00/02", "\x05")
	leftKernels = is(doorOphub, "PUT /v1/txn", ophub.DefaultPrefix+"hosts/"+host)
	deletedHost = is(doorOphub, "PUT /v1/txn", `"delete-cas"`)
	namedUser   = is(doorBMC, "06/45", "")
	setPassword = is(doorBMC, "06/47", "")
	gaveAccess  = is(doorBMC, "06/43", "")
	setPolicy   = is(doorBMC, "00/06", "")
	setNetwork  = is(doorBMC, "0c/01", "")
)

// TestKilledWhileRemoving kills applies that switch a host off, and destroys.
func TestKilledWhileRemoving(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	image := s.image("first")
	machine := s.rack.Machines[0]
	var table []row
	defer func() { t.Log("\n" + draw(table)) }()
	complete := func(r *row, again ...string) {
		before := machine.Boots()
		if out, code := s.run(again...); code != 0 {
			r.complain("the next one fails with exit status %d:\n%s", code, out)
		}
		if r.boots = machine.Boots() - before; r.boots > 0 {
			r.complain("it was started %d times, want none", r.boots)
		}
	}
	for _, c := range []struct {
		name, more string
		when       func(knock) bool
		after      bool
	}{
		{"drained", `on_destroy = "power_off"`, drained, true},
		{"shut down", `on_destroy = "power_off"`, shutDown, true},
		{"out of its kernels", `on_destroy = "detach"`, leftKernels, true},
		{"boot device cleared", `on_destroy = "detach"`, setFlags, true},
		{"out of the records", `on_destroy = "power_off"`, deletedHost, true},
	} {
		t.Run("destroy/"+c.name, func(t *testing.T) {
			s.under(t, func() {
				s.clock.Advance(sessionLife)
				r := row{kind: "destroy", point: c.name}
				s.made(image, c.more)
				begun := time.Now()
				destroy := []string{"destroy", "-auto-approve", "-input=false", "-no-color"}
				s.strike(point{when: c.when, after: c.after}, &r, destroy...)
				complete(&r, destroy...)
				r.took = time.Since(begun)
				if _, err := s.hub.Host(t.Context(), host); !errors.Is(err, ophub.ErrNotFound) {
					r.complain("its record is there: %v", err)
				}
				if nodes, err := s.work.Nodes(t.Context(), gridapp.DomainOf(kernel, "").NodePool); err != nil || len(nodes) > 0 {
					r.complain("its Nomad nodes: %v %v", nodes, err)
				}
				if off := c.more != `on_destroy = "detach"`; machine.Powered() == off {
					r.complain("power: %v", machine.Powered())
				}
				for _, w := range r.wrong {
					t.Error(w)
				}
				table = append(table, r)
				s.reset()
			})
		})
	}
	t.Run("power off/shut down", func(t *testing.T) {
		s.under(t, func() {
			s.clock.Advance(sessionLife)
			r := row{kind: "power off", point: "shut down"}
			s.made(image, "")
			s.write("main.tf", s.provider()+s.machine(0, image, onKernel+"\n  power = \"off\""))
			begun := time.Now()
			s.strike(point{when: shutDown, after: true}, &r, "apply", "-auto-approve", "-input=false", "-no-color")
			r.plan = s.foretold()
			complete(&r, "apply", "-auto-approve", "-input=false", "-no-color")
			r.took = time.Since(begun)
			s.converged(&r)
			if machine.Powered() {
				r.complain("it is on")
			}
			for _, w := range r.wrong {
				t.Error(w)
			}
			table = append(table, r)
		})
	})
}

// made applies a host, and has its Nomad node there: a destroy has made Nomad
// forget it, as it does one of a machine that left.
func (s *site) made(image keg.KID, more string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	if nodes, err := s.work.Nodes(ctx, gridapp.DomainOf(kernel, "").NodePool); err == nil && len(nodes) == 0 {
		s.renew()
	}
	if _, err := s.work.WaitNodes(ctx, gridapp.DomainOf(kernel, "").NodePool, 1); err != nil {
		s.t.Fatal(err)
	}
	s.write("main.tf", s.provider()+s.machine(0, image, onKernel+"\n  "+more))
	if out, code := s.apply(); code != 0 {
		s.t.Fatalf("make the host: exit status %d\n%s", code, out)
	}
}

// TestKilledRollout kills an apply while one of two hosts that take turns is
// down. The next one takes both to the new image, one at a time.
func TestKilledRollout(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	both := func(image keg.KID) string {
		return s.provider() + s.machine(0, image, turns) + s.machine(1, image, turns)
	}
	s.write("main.tf", both(s.image("first")))
	if out, code := s.apply(); code != 0 {
		t.Fatalf("make the hosts: exit status %d\n%s", code, out)
	}
	second := s.image("second")
	s.write("main.tf", both(second))
	var before []int
	for _, m := range s.rack.Machines {
		before = append(before, m.Boots())
	}
	r := row{kind: "rollout of 2", point: "after the reset of one"}
	s.strike(point{when: restarted, after: true}, &r, "apply", "-auto-approve", "-input=false", "-no-color")
	s.down.look()
	if out, code := s.apply(); code != 0 {
		r.complain("the next apply fails with exit status %d:\n%s", code, out)
	}
	if most := s.down.look(); most > 1 {
		r.complain("%d were down at once", most)
	}
	s.converged(&r)
	for i, m := range s.rack.Machines {
		if n := m.Boots() - before[i]; n != 1 {
			r.complain("machine %d was started %d times", i+1, n)
		}
		if agent, err := s.hub.Agent(t.Context(), fmt.Sprintf("kill%d", i+1)); err != nil || agent.Image != second {
			r.complain("machine %d runs %s: %v", i+1, agent.Image.Short(), err)
		}
	}
	if err := s.freeSlot(); err != nil {
		r.complain("%v", err)
	}
	for _, w := range r.wrong {
		t.Error(w)
	}
}

// TestKilledAtBMC kills applies of a controller's settings. The next one brings
// them to what was asked for, with one account of the name, that logs in.
func TestKilledAtBMC(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var table []row
	defer func() { t.Log("\n" + draw(table)) }()
	for i, c := range []struct {
		name  string
		when  func(knock) bool
		after bool
	}{
		{"account named", namedUser, true},
		{"before its password", setPassword, false},
		{"password set", setPassword, true},
		{"access given", gaveAccess, true},
		{"restore policy set", setPolicy, true},
		{"network set", setNetwork, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.under(t, func() {
				s.clock.Advance(sessionLife)
				s.forget()
				r := row{kind: "BMC", point: c.name}
				name, word := fmt.Sprintf("monitor%d", i), fmt.Sprintf("sword-%d", i)
				policy := []string{"always_on", "always_off"}[i%2]
				s.write("main.tf", s.provider()+fmt.Sprintf(`
resource "cthulix_bmc" "node1" {
  address          = %q
  credentials      = "bmc"
  restore_policy   = %q
  allow_disruptive = true
  users            = { %s = { privilege = "administrator", password_wo = %q } }
  lan              = { gateway = "127.0.0.%d" }
}
`, s.rack.Addresses[0], policy, name, word, 100+i))
				begun := time.Now()
				s.strike(point{when: c.when, after: c.after}, &r, "apply", "-auto-approve", "-input=false", "-no-color")
				r.plan = s.foretold()
				if out, code := s.apply(); code != 0 {
					r.complain("the next apply fails with exit status %d:\n%s", code, out)
				}
				r.took = time.Since(begun)
				s.converged(&r)
				target := ipmi.Target{Address: s.rack.Addresses[0], Username: name, Password: word}
				if _, err := ipmi.NewPool().Get(target).Power(t.Context()); err != nil {
					r.complain("the account does not log in: %v", err)
				}
				target.Username, target.Password = username, password
				users, err := ipmi.NewPool().Get(target).Users(t.Context(), 0)
				users = slices.DeleteFunc(users, func(u ipmi.User) bool { return u.Name != name })
				if err != nil || len(users) != 1 {
					r.complain("accounts of the name: %+v, %v", users, err)
				}
				for _, w := range r.wrong {
					t.Error(w)
				}
				table = append(table, r)
			})
		})
	}
}
