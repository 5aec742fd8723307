package kill

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// point is where an apply is ended.
type point struct {
	name  string
	when  func(knock) bool
	after bool
	// still has the machine stand still from then on, until the next apply waits for it.
	still bool
	// terraformToo has Terraform die as well, so that no state is written.
	terraformToo bool
	// more is what is said of the host beside the usual.
	more string
	// boots is how often the machine starts from the beginning of the first apply
	// to the end of the second; 1 unless said otherwise.
	boots int
	// busy has a gridapp run on the host that does not end when it is asked to.
	busy bool
}

// is matches what is done at a door; body, if not empty, must be in it.
func is(door, what, body string) func(knock) bool {
	return func(k knock) bool {
		return k.door == door && strings.HasPrefix(k.what, what) && strings.Contains(k.body, body)
	}
}

// The knocks that matter.
var (
	askedPower   = is(doorBMC, "00/01", "")
	storedHost   = is(doorOphub, "PUT /v1/txn", ophub.DefaultPrefix+"hosts/"+host)
	setFlags     = is(doorBMC, "00/08", "\x05")
	readFlags    = is(doorBMC, "00/09", "\x05")
	beganBoot    = is(doorOphub, "PUT /v1/kv/"+ophub.DefaultPrefix+"boots/"+host, "")
	toldBoot     = is(doorOphub, "PUT /v1/kv/"+ophub.DefaultPrefix+"boots/"+host, `"stage":"power"`)
	switchedOn   = is(doorBMC, "00/02", "\x01")
	restarted    = is(doorBMC, "00/02", "\x03")
	drained      = is(doorNomad, "PUT /v1/node/", `"DrainSpec":{`)
	undrained    = is(doorNomad, "PUT /v1/node/", `"MarkEligible":true`)
	lookedAtWork = is(doorNomad, "GET /v1/node/pool/", "")
	registered   = is(doorStage, string(ophub.StageRegistered), "")
	joined       = is(doorOphub, "PUT /v1/session/create", "rollout")
	tookSlot     = is(doorOphub, "PUT /v1/kv/"+ophub.DefaultPrefix+"rollouts/"+group, host)
	gaveSlot     = func(k knock) bool { return tookSlot(knock{k.door, k.what, host}) && !strings.Contains(k.body, host) }
)

const onKernel = `kernels = ["` + kernel + `"]
  drain_timeout = "1m"`

const turns = `rollout = { group = "` + group + `" }`

// atStages are the stages that a boot is stopped at, in the order in which it
// passes them.
var atStages = []ophub.Stage{ophub.StageDHCP, ophub.StageBootFile, ophub.StageBootScript, ophub.StageLinux, ophub.StageInitrd, ophub.StageAgent}

// creations are points of an apply that makes a host whose machine is off.
func creations() []point {
	all := []point{
		{name: "power asked for", when: askedPower},
		{name: "record stored", when: storedHost, after: true},
		{name: "boot device set", when: setFlags, after: true},
		{name: "boot device read back", when: readFlags, after: true},
		{name: "boot record begun", when: beganBoot, after: true},
		{name: "boot told", when: toldBoot, after: true},
		{name: "before power-on", when: switchedOn},
		{name: "after power-on", when: switchedOn, after: true},
		{name: "after power-on, Terraform too", when: switchedOn, after: true, terraformToo: true},
		{name: "after power-on, policy never", when: switchedOn, after: true, more: `reboot_policy = "never"`},
		{name: "after power-on, policy next_boot", when: switchedOn, after: true, more: `reboot_policy = "next_boot"`},
	}
	for _, s := range atStages {
		all = append(all, point{name: "at " + string(s), when: is(doorStage, string(s), ""), still: true})
	}
	return append(all,
		point{name: "at registered", when: registered},
		point{name: "kernels joined, before its work is looked at", when: lookedAtWork},
	)
}

// updates are points of an apply that gives a running host another image.
func updates() []point {
	all := []point{
		{name: "power asked for", when: askedPower},
		{name: "during the drain", when: drained, after: true, busy: true},
		{name: "drained, record not stored", when: storedHost},
		{name: "record stored", when: storedHost, after: true},
		{name: "boot device read back", when: readFlags, after: true},
		{name: "boot record begun", when: beganBoot, after: true},
		{name: "before the reset", when: restarted},
		{name: "after the reset", when: restarted, after: true},
		{name: "after the reset, Terraform too", when: restarted, after: true, terraformToo: true},
		{name: "after the reset, args change too", when: restarted, after: true, more: `args = ["quiet"]`},
	}
	for _, s := range atStages {
		all = append(all, point{name: "at " + string(s), when: is(doorStage, string(s), ""), still: true})
	}
	return append(all,
		point{name: "at registered", when: registered},
		point{name: "kernels joined, before its undrain", when: undrained},
		point{name: "kernels joined, before its undrain, Terraform too", when: undrained, terraformToo: true},
		point{name: "undrained, not yet in the state", when: undrained, after: true},
		point{name: "undrained, not yet in the state, Terraform too", when: undrained, after: true, terraformToo: true},
		point{name: "rollout: waiting for its turn", when: joined, after: true, more: turns},
		point{name: "rollout: slot taken", when: tookSlot, after: true, more: turns},
		point{name: "rollout: after the reset", when: restarted, after: true, more: turns},
		point{name: "rollout: before the slot is given back", when: gaveSlot, more: turns},
	)
}

// row is what came of a point.
type row struct {
	kind, point string
	plan        string // of the host, after the kill
	tried       bool
	boots       int
	took        time.Duration
	wrong       []string
}

func (r *row) complain(format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

// TestKilledCreating and TestKilledUpdating kill an apply at every point, and plan
// and apply again: that completes with as few restarts as can be, and leaves
// nothing behind.
func TestKilledCreating(t *testing.T) {
	t.Parallel()
	killed(t, "create", creations(), func(s *site, images []keg.KID) keg.KID {
		s.reset()
		return images[0]
	})
}

func TestKilledUpdating(t *testing.T) {
	t.Parallel()
	killed(t, "update", updates(), (*site).other)
}

func killed(t *testing.T, kind string, points []point, next func(*site, []keg.KID) keg.KID) {
	s := newSite(t)
	images := []keg.KID{s.image("first"), s.image("second")}
	var table []row
	defer func() { t.Log("\n" + draw(table)) }()
	for _, p := range points {
		image := next(s, images)
		r := row{kind: kind, point: p.name}
		t.Run(p.name, func(t *testing.T) {
			s.under(t, func() { s.try(p, image, &r) })
			for _, w := range r.wrong {
				t.Error(w)
			}
		})
		if r.tried {
			table = append(table, r)
		}
	}
}

// other is the one of two images that the host does not boot now. A host that is
// not there is made first: a part of the test may run by itself.
func (s *site) other(images []keg.KID) keg.KID {
	s.t.Helper()
	record, err := s.hub.Host(s.t.Context(), host)
	if err != nil {
		s.write("main.tf", s.provider()+s.machine(0, images[0], onKernel))
		if out, code := s.apply(); code != 0 {
			s.t.Fatalf("make the host: exit status %d\n%s", code, out)
		}
		return images[1]
	}
	return images[1-slices.Index(images, record.Image)]
}

// under lets what s does fail a part of the test.
func (s *site) under(t *testing.T, do func()) {
	was := s.t
	s.t, s.workspace.t = t, t
	defer func() { s.t, s.workspace.t = was, was }()
	do()
}

// reset takes the host out of the world.
func (s *site) reset() {
	s.t.Helper()
	s.forget()
	_ = s.rack.Machines[0].Close()
	if err := s.hub.DeleteHost(context.Background(), host); err != nil {
		s.t.Fatal(err)
	}
}

// sessionLife is how long a BMC keeps the session of somebody who was killed. It
// has no more than a few, which so many kills would use up.
const sessionLife = 64 * time.Second

// try kills one apply and has another one complete it.
func (s *site) try(p point, image keg.KID, r *row) {
	r.tried = true
	machine := s.rack.Machines[0]
	begun, before := time.Now(), machine.Boots()
	s.clock.Advance(sessionLife)
	s.write("main.tf", s.provider()+s.machine(0, image, onKernel+"\n  "+p.more))
	if p.busy {
		s.occupy()
		defer s.work.Stop(context.Background(), kernel, "busy", true)
	}
	s.strike(p, r, "apply", "-auto-approve", "-input=false", "-no-color")
	if len(r.wrong) > 0 {
		s.plug(true)
		return
	}
	if r.plan = s.foretold(); strings.Contains(r.plan, "delete") {
		r.complain("it is destroyed")
	}
	if p.still {
		s.trap.onWaiting(func() { s.plug(true) })
	}
	if out, code := s.run("apply", "-input=false", "-no-color", "plan"); code != 0 {
		r.complain("the next apply fails with exit status %d:\n%s", code, out)
	}
	s.plug(true)
	s.converged(r)
	r.took, r.boots = time.Since(begun), machine.Boots()-before
	if want := max(p.boots, 1); r.boots != want {
		r.complain("it was started %d times, want %d", r.boots, want)
	}
	s.check(image, r)
}

// foretold is what the plan has for the one resource that there is.
func (s *site) foretold() string {
	s.t.Helper()
	said := ""
	for _, c := range s.plan() {
		s.t.Logf("the plan after the kill: %s %s: %s", c.Address, c.Change.After.Effect, c.Change.After.EffectReason)
		said = strings.TrimSpace(strings.Join(c.Change.Actions, "+") + " " + c.Change.After.Effect)
	}
	return said
}

// converged checks that there is nothing to plan any more.
func (s *site) converged(r *row) {
	s.t.Helper()
	if out, code := s.run("plan", "-input=false", "-no-color", "-detailed-exitcode"); code != 0 {
		r.complain("there is a plan after it, exit status %d:\n%s", code, out)
	}
}

// strike runs Terraform and kills the provider at the point.
func (s *site) strike(p point, r *row, args ...string) {
	spring := s.trap.arm(p.when, p.after, p.terraformToo)
	out, code := s.run(args...)
	did := s.trap.disarm()
	soon := time.NewTimer(time.Second) // Terraform may have ended before the one who killed it can say so
	defer soon.Stop()
	select {
	case <-spring.sprung:
		if spring.err != nil {
			r.complain("the kill: %v", spring.err)
		}
		if code == 0 {
			r.complain("the apply succeeded without its provider:\n%s", out)
		}
	case <-soon.C:
		r.complain("the point never came; the apply ended with exit status %d:\n%s\nit did:\n%s", code, out, strings.Join(did, "\n"))
	}
}

// check looks at what an apply should leave.
func (s *site) check(image keg.KID, r *row) {
	ctx := s.t.Context()
	agent, err := s.hub.Agent(ctx, host)
	if err != nil || agent.Image != image {
		r.complain("it runs %s, want %s: %v", agent.Image.Short(), image.Short(), err)
	}
	record, err := s.hub.Host(ctx, host)
	if err != nil || record.Image != image {
		r.complain("its record says %s, want %s: %v", record.Image.Short(), image.Short(), err)
	}
	nodes, err := s.work.Nodes(ctx, gridapp.DomainOf(kernel, "").NodePool)
	if err != nil || len(nodes) != 1 || !nodes[0].Eligible {
		r.complain("its Nomad node: %v %v", nodes, err)
	}
	if err := s.freeSlot(); err != nil {
		r.complain("%v", err)
	}
	if _, err := os.Stat(s.dir + "/.terraform.tfstate.lock.info"); err == nil {
		r.complain("the state is locked")
	}
}

// freeSlot checks that no slot of the rollout is taken. One whose holder is dead
// may be on record until somebody wants it, who must not wait for longer than it
// takes to see that.
func (s *site) freeSlot() error {
	ctx, cancel := context.WithTimeout(s.t.Context(), 40*time.Second)
	defer cancel()
	turn, err := s.hub.JoinRollout(ctx, ophub.RolloutSpec{Group: group, Host: "somebody-else", Run: "look", Canary: true})
	if err != nil {
		return err
	}
	return turn.Release(ctx)
}

// occupy starts a gridapp on the host that is slow to go.
func (s *site) occupy() {
	s.t.Helper()
	d := gridapp.DomainOf(kernel, "")
	_, err := s.work.Run(s.t.Context(), gridapp.Spec{
		Name: "busy", Namespace: d.Namespace, NodePool: d.NodePool, Type: gridapp.Service,
		Command: "/bin/sh", Args: []string{"-c", `trap "" INT TERM; sleep 600`},
	}, gridapp.RunOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
}

// draw is the table of what was tried.
func draw(rows []row) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "APPLY\tKILLED\tNEXT PLAN\tBOOTS\tTOOK\tRESULT")
	for _, r := range rows {
		result := "ok"
		if len(r.wrong) > 0 {
			result, _, _ = strings.Cut(strings.Join(r.wrong, "; "), "\n")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", r.kind, r.point, r.plan, r.boots, r.took.Round(100*time.Millisecond), result)
	}
	w.Flush()
	return b.String()
}
