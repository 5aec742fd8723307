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

// absentOnly keeps the ghosts of VLANs that are to be absent: a configuration
// that names others is of a switch that has them.
func absentOnly(lines []string, absent []int) []string {
	for _, l := range lines {
		if id := number(strings.TrimPrefix(l, "no vlan ")); l != "exit" && !slices.Contains(absent, id) {
			return nil
		}
	}
	return lines
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
