package twin

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	"github.com/cthulix/terraform-provider-cthulix/fabric/nxos"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

// pair is a state of a switch and a wish for it.
type pair struct {
	model model
	// captured has the text taken for one of a real device: what the simulator
	// does not know is kept, and defaults that the text says aloud are shown.
	captured bool
	vtp      string
	stp      string // the mode that A says, as every switch does
	vlans    map[int]fabric.VLAN
	blocks   []block
	via      *fabric.Want // A is where this wish led to, if it is not nil
	b        fabric.Want
	mode     pairMode
}

// pairMode says what is tried beyond what is tried on every pair.
type pairMode int

const (
	plain    pairMode = iota
	byUndo            // A is reached again by planning Change.Undo, too
	byDevice          // and, on a Nexus, by rolling back to a checkpoint
	pairModes
)

// block is a line at the left margin and the lines under it.
type block struct {
	head  string
	lines []string
}

// model is what the tests know of a model of switch.
type model struct {
	iossim.Profile
	port func(n int) string
	mtu  bool // ports have an MTU of their own
	mode fabric.PortMode
}

// Ports 1 to wild are random. The bare one is in no wish: it shows what the
// defaults are, and that it is left alone. The last one is a trunk on switches
// with two encapsulations, so that a text shows that it comes from such a one.
const (
	wild    = 7
	bare    = 8
	fixture = 9
)

// models are all models, IOS and NX-OS.
var models = sync.OnceValues(func() ([]model, error) {
	var out []model
	for _, p := range iossim.Profiles() {
		sim, err := iossim.New(iossim.Config{Profile: p.Name})
		if err != nil {
			return nil, err
		}
		m := model{Profile: p, port: firstPort(sim), mtu: p.XE || p.NXOS, mode: fabric.ModeDynamicAuto}
		if p.OldSSH {
			m.mode = fabric.ModeDynamicDesirable
		}
		out = append(out, m)
	}
	return out, nil
})

// firstPort returns how the model calls its n-th port.
func firstPort(sim *iossim.Sim) func(n int) string {
	for line := range strings.Lines(sim.RunningConfig()) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "interface ")
		if ok && strings.HasSuffix(name, "/1") {
			stem := strings.TrimSuffix(name, "1")
			return func(n int) string { return fmt.Sprintf("%s%d", stem, n) }
		}
	}
	return func(n int) string { return fmt.Sprintf("GigabitEthernet1/0/%d", n) }
}

// text is A as a configuration.
func (p pair) text() string {
	var b strings.Builder
	indent, end := " ", "end\n"
	if p.model.NXOS {
		indent, end = "  ", "line vty\n"
	}
	write := func(k block) {
		b.WriteString(k.head + "\n")
		for _, l := range k.lines {
			b.WriteString(indent + l + "\n")
		}
		if !p.model.NXOS {
			b.WriteString("!\n")
		}
	}
	if p.captured && p.model.NXOS {
		b.WriteString("version 9.3(8) Bios:version 05.45\n")
	} else if p.captured {
		b.WriteString("version 15.2\n")
	}
	b.WriteString("hostname sw\nspanning-tree mode " + p.stp + "\n")
	if p.captured {
		write(block{head: "interface " + p.model.port(bare)})
		if !p.model.NXOS {
			write(block{head: "interface Vlan1"})
		}
		if p.model.ISL {
			write(block{"interface " + p.model.port(fixture), []string{"switchport trunk encapsulation dot1q", "switchport mode trunk"}})
		}
		for n := 1; n <= wild; n++ {
			write(block{head: "interface " + p.model.port(n)})
		}
	}
	for _, k := range p.blocks {
		write(k)
	}
	b.WriteString(end)
	return b.String()
}

// invented begins the lines that no switch knows.
const invented = "frobnicate"

// boot makes a switch that is in state A but for via.
func (p pair) boot() (*iossim.Sim, error) {
	cfg := iossim.Config{Startup: p.text()}
	if p.captured {
		var err error
		if cfg, err = iossim.Captured(cfg.Startup); err != nil {
			return nil, err
		}
	} else {
		cfg.Ports = fixture
	}
	cfg.Profile, cfg.VTPMode, cfg.VLANs = p.model.Name, p.vtp, map[int]string{}
	for id, v := range p.vlans {
		cfg.VLANs[id] = v.Name
	}
	sim, err := iossim.New(cfg)
	if err != nil {
		return nil, err
	}
	for _, u := range sim.NotUnderstood() {
		if !notManaged(u.Text) {
			return nil, fmt.Errorf("%w: A is not a state of this switch: %s", errImpossible, u)
		}
	}
	if err := look(sim).fits(p.model); err != nil {
		return nil, err
	}
	for id, v := range p.vlans {
		lines := []string{fmt.Sprintf("vlan %d", id)}
		switch v.State {
		case "suspended":
			lines = append(lines, "state suspend")
		case "act/lshut":
			lines = append(lines, "shutdown")
		case "sus/lshut":
			lines = append(lines, "state suspend", "shutdown")
		default:
			continue
		}
		if err := enter(sim, append(lines, "exit")...); err != nil {
			return nil, err
		}
	}
	return sim, nil
}

// errImpossible marks a pair that cannot be: the planner refused the wish, or A
// is no state of a switch.
var errImpossible = errors.New("impossible")

// trial is what became of a pair.
type trial struct {
	change fabric.Change
	// refusals are why parts of the wish were left out.
	refusals []string
}

// try boots A, goes to B and looks at all that a change promises. Mended,
// parts of the wish that the planner refuses are taken out of the pair.
func (p *pair) try(how manner) (trial, error) {
	var out trial
	sim, err := p.boot()
	if err != nil {
		return out, err
	}
	if p.via != nil {
		change, err := p.plan(sim, p.via, how, nil)
		if err != nil {
			return out, err
		}
		if err := enter(sim, change.Commands...); err != nil {
			return out, fmt.Errorf("on the way to A: %w", err)
		}
	}
	if p.mode == byDevice && p.model.NXOS {
		if _, err := sim.Exec("checkpoint a"); err != nil {
			return out, err
		}
	}
	a := look(sim)
	if out.change, err = p.plan(sim, &p.b, how, &out.refusals); err != nil {
		return out, err
	}
	if out.change.Empty() {
		if len(out.change.Rollback) > 0 {
			return out, fmt.Errorf("a change without commands has the inverse %q", out.change.Rollback)
		}
		return out, errors.Join(p.reached(a, a))
	}
	if err := enter(sim, out.change.Commands...); err != nil {
		return out, err
	}
	b := look(sim)
	if err := errors.Join(p.untouched(a, b), p.reached(a, b)); err != nil {
		return out, err
	}
	again, err := p.plan(sim, &p.b, asIs, nil)
	if err != nil {
		return out, fmt.Errorf("plan again: %w", notImpossible(err))
	}
	if !again.Empty() {
		return out, fmt.Errorf("planning again is not empty: %q", again.Commands)
	}
	return out, p.back(sim, out.change, a)
}

// back leads to A again by all ways that there are.
func (p *pair) back(sim *iossim.Sim, change fabric.Change, a picture) error {
	if err := enter(sim, change.Rollback...); err != nil {
		return fmt.Errorf("the inverse: %w", err)
	}
	if err := a.same(look(sim)); err != nil {
		return fmt.Errorf("the inverse leads elsewhere: %w", err)
	}
	switch p.mode {
	case plain:
		return nil
	case byDevice:
		if !p.model.NXOS {
			return nil
		}
	}
	if err := enter(sim, change.Commands...); err != nil {
		return fmt.Errorf("once more: %w", err)
	}
	if p.mode == byDevice {
		if out, err := sim.Exec("rollback running-config checkpoint a atomic"); err != nil {
			return fmt.Errorf("the checkpoint: %w\n%s", err, out)
		}
		if err := a.same(look(sim)); err != nil {
			return fmt.Errorf("the checkpoint leads elsewhere: %w", err)
		}
		return nil
	}
	undo, err := p.plan(sim, &change.Undo, wayBack, nil)
	if err != nil {
		return fmt.Errorf("plan the undo: %w", notImpossible(err))
	}
	if err := enter(sim, undo.Commands...); err != nil {
		return fmt.Errorf("the undo %q: %w", undo.Commands, err)
	}
	now := look(sim)
	if !slices.Contains(a.heads, lacp) {
		// A feature that was switched on stays on: others may have come to need it.
		now.heads = slices.DeleteFunc(now.heads, func(l string) bool { return l == lacp })
	}
	if err := a.same(now); err != nil {
		return fmt.Errorf("the undo %q leads elsewhere: %w", undo.Commands, err)
	}
	return nil
}

// lacp is what a Nexus needs for port-channels that speak it.
const lacp = "feature lacp"

// notImpossible keeps a refusal from passing for one of a wish that makes no
// sense.
func notImpossible(err error) error {
	if errors.Is(err, errImpossible) {
		return errors.New(err.Error())
	}
	return err
}

// manner is how a wish is planned.
type manner int

const (
	asIs manner = iota
	mended
	wayBack
)

// plan plans a wish on what the switch says of itself. Mended, it loses what is
// refused.
func (p *pair) plan(sim *iossim.Sim, want *fabric.Want, how manner, refusals *[]string) (fabric.Change, error) {
	obs, err := p.observe(sim)
	if err != nil {
		return fabric.Change{}, err
	}
	planner := ios.Plan
	if p.model.NXOS {
		planner = nxos.Plan
	}
	const rounds = 20
	var refused fabric.FieldErrors
	for range rounds {
		change, err := planner(obs, *want)
		refused = nil
		if err != nil && !errors.As(err, &refused) {
			return change, err
		}
		if how != wayBack {
			// A way back is taken even if it leads to a port whose VLAN is missing.
			refused = append(refused, change.Unmet...)
		}
		if len(refused) == 0 {
			return change, nil
		}
		if how != mended {
			return change, fmt.Errorf("%w: %w", errImpossible, refused)
		}
		*want = clone(*want)
		for _, e := range refused {
			leaveOut(want, e.Path)
			if refusals != nil {
				*refusals = append(*refusals, e.PathString()+": "+e.Summary)
			}
		}
	}
	return fabric.Change{}, fmt.Errorf("after %d mends the wish is still refused: %w", rounds, refused)
}

// observe reads the switch through what it prints.
func (p *pair) observe(sim *iossim.Sim) (fabric.Observation, error) {
	say := func(line string) string {
		out, err := sim.Exec(line)
		if err != nil {
			return ""
		}
		// The console shows prompt and echo before the answer, and a prompt after it.
		_, out, _ = strings.Cut(out, "\n")
		return out[:strings.LastIndexByte(out, '\n')+1]
	}
	if p.model.NXOS {
		const defaults = "system default switchport\nno system default switchport shutdown\n"
		return nxos.Saved{Running: defaults + sim.RunningConfig(), Version: say("show version")}.Observation()
	}
	return ios.Saved{
		Running: sim.RunningConfig(), VLANBrief: say("show vlan brief"), VTPStatus: say("show vtp status"),
		Version: say("show version"), Switchport: say("show interfaces " + p.model.port(bare) + " switchport"),
	}.Observation()
}

func enter(sim *iossim.Sim, lines ...string) error {
	if len(lines) == 0 {
		return nil
	}
	out, err := sim.Exec(slices.Concat([]string{"configure terminal"}, lines, []string{"end"})...)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

func (p pair) String() string {
	want := func(w fabric.Want) string { return dump(reflect.ValueOf(w)) }
	via := ""
	if p.via != nil {
		via = "\nand then " + want(*p.via)
	}
	return fmt.Sprintf("on %s, VTP %s, captured %t, mode %d\nVLANs %v\nA:\n%s%s\nB: %s", p.model.Name, p.vtp, p.captured, p.mode, p.vlans, p.text(), via, want(p.b))
}
