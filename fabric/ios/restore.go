package ios

import (
	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// restored makes the managed lines of a port that is to have the given lines,
// which may be those of another day, of a backup, or written by hand. What they
// say in other words than the switch does is no difference.
func restored(obs fabric.Observation, name string, have attrs, lines []string) attrs {
	to, _ := readAttrs(lines)
	if to.allowed.IsAll() && have.allowed.IsZero() {
		to.allowed = have.allowed
	}
	if have.mode == "" && obs.Capabilities.SameMode(fabric.PortMode(to.mode), fabric.ModeDefault) {
		to.mode = ""
	}
	if p, there := obs.Ports[name]; there && !fabric.SaysSwitching(lines) && !fabric.SaysRouting(p.Lines) {
		// A router's port is told by its address alone, and the address is no
		// business of ours: what the lines leave open stays.
		to.switching = have.switching
	}
	return to
}
