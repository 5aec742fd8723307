package path

import (
	"fmt"
	"slices"
	"strings"
)

// replay plays the lines and stops at the first after which the path is gone.
func (g *guard) replay(d *device, lines []string) (Verdict, *CutError) {
	d.negotiated = g.start.negotiated
	v := Verdict{Known: g.known, Why: g.why, Path: g.path}
	touched := map[string]bool{}
	for i, line := range lines {
		e := d.play(line)
		context := d.cursor.head
		if why := g.broken(d); why != "" {
			return v, &CutError{Line: line, Number: i + 1, Total: len(lines), Context: context, Why: why, Path: g.path}
		}
		doubt := func(why string) {
			v.Doubts = append(v.Doubts, Doubt{Number: i + 1, Line: line, Why: why})
			v.Known = false
		}
		switch why := g.doubtful(d, line); {
		case why != "":
			doubt(why)
		case e == unknown && d.cursor.global():
			doubt("what it does to the management path is not known")
		case e == unknown && slices.ContainsFunc(d.cursor.links, g.onPath):
			doubt("what it does to an interface of the management path is not known")
		}
		if name := g.changedCandidate(d, touched); name != "" {
			doubt(name + " may be the way to you, and this line changes how it carries the management VLAN")
		}
	}
	if !v.Known && v.Why == "" && len(v.Doubts) > 0 {
		v.Why = v.Doubts[0].String()
	}
	return v, nil
}

// onPath says whether the interface is part of the path, or may be.
func (g *guard) onPath(l *link) bool {
	if l.name == g.holder || slices.Contains(g.uplinks, l.name) {
		return true
	}
	return l.group != 0 && slices.Contains(g.uplinks, g.start.channelName(l.group))
}

// changedCandidate names a candidate that was lost with the last line, where
// others are left.
func (g *guard) changedCandidate(d *device, touched map[string]bool) string {
	if len(g.uplinks) < 2 {
		return ""
	}
	for _, l := range d.cursor.links {
		if slices.Contains(g.uplinks, l.name) && !touched[l.name] && d.loss(g.start, l.name, g.path.VLAN) != "" {
			touched[l.name] = true
			return l.name
		}
	}
	return ""
}

// doubtful names what this package knows to depend on the other end, or on
// what it does not read.
func (g *guard) doubtful(d *device, line string) string {
	now, was := d.links[g.holder], g.start.links[g.holder]
	w := words(line)
	switch {
	case now != nil && now.acl != was.acl && now.acl != "" && starts(w, "ip access-group"):
		return fmt.Sprintf("the access list %s on %s is not read", now.acl, g.holder)
	case starts(w, "spanning-tree mode"):
		return "spanning tree starts anew, and ports block until it has settled"
	case strings.Join(w, " ") == "switchport nonegotiate" && slices.ContainsFunc(d.cursor.links, g.onPath):
		return "a neighbour that negotiates its mode no longer becomes a trunk"
	case starts(w, "no ip routing"), starts(w, "ip routing"):
		return "answers take another way when routing is switched on or off"
	}
	return ""
}
