package ios

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

var usesVLAN = regexp.MustCompile(`^switchport (?:access|voice) vlan (\d{1,4})$`)

// ghosts are the lines that remove VLANs which came to be by themselves: a port
// can be in a VLAN that is not there, and IOS creates it when such a port is
// brought back to that. The VLANs that a want names are none:
// something else is to create those.
func ghosts(obs fabric.Observation, from, to state, lines []string, described map[string]fabric.Port) []string {
	if obs.VTPMode == "client" {
		return nil // creates none
	}
	known := union(from.vlans, to.vlans)
	maps.Copy(known, obs.VLANs)
	for _, p := range described {
		known[p.AccessVLAN], known[p.VoiceVLAN] = fabric.VLAN{}, fabric.VLAN{}
	}
	var ids []int
	inside := false
	for _, l := range lines {
		inside = strings.HasPrefix(l, "interface ") || inside && l != "exit"
		m := usesVLAN.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		if _, there := known[number(m[1])]; !there && number(m[1]) > 1 {
			ids = append(ids, number(m[1]))
		}
	}
	slices.Sort(ids)
	w := writer{inside: inside}
	for _, id := range slices.Compact(ids) {
		w.global(fmt.Sprintf("no vlan %d", id))
	}
	return w.lines
}

// wantedGhosts are the ghosts that a want is to be rid of: all that a member of
// a port-channel calls up where it is told anew what it was. What is brought
// back is another matter. An undo says which VLANs are to be absent, and the
// configuration of a switch that has the others names them.
func wantedGhosts(lines []string, want fabric.Want) []string {
	if len(want.Restore) == 0 {
		return lines
	}
	for _, l := range lines {
		if id := number(strings.TrimPrefix(l, "no vlan ")); l != "exit" && !slices.Contains(want.AbsentVLANs, id) {
			return nil
		}
	}
	return lines
}

// idleGhost says whether a port is set to an access VLAN that is not there once
// the change is done, and does not use it: to say so of another port would
// create the VLAN, or lose its meaning when it goes.
func idleGhost(obs fabric.Observation, to state, absent []int, a attrs) bool {
	id := numberOr1(a.access)
	if !a.routed() && a.mode != string(fabric.ModeTrunk) || id == 1 {
		return false
	}
	_, is := obs.VLANs[id]
	_, comes := to.vlans[id]
	return !comes && (!is || slices.Contains(absent, id))
}

// withoutGhosts has an undo say that such VLANs are to be absent.
func withoutGhosts(undo fabric.Want, lines []string) fabric.Want {
	for _, l := range lines {
		if id := number(strings.TrimPrefix(l, "no vlan ")); id != 0 && !slices.Contains(undo.AbsentVLANs, id) {
			undo.AbsentVLANs = append(undo.AbsentVLANs, id)
		}
	}
	slices.Sort(undo.AbsentVLANs)
	return undo
}
