package fabric

import (
	"fmt"
	"slices"
)

// Between is the wish that turns one whole configuration into another: what a
// change rehearsed from two backups is planned from. Lines that Cthulix does not
// manage stay as they are in from.
func Between(from, to Config) Want {
	w := Want{VLANs: map[int]VLAN{}, Restore: map[string][]string{}, Global: to.Global}
	for id, v := range to.VLANs {
		if had, ok := from.VLANs[id]; !ok || had != v {
			w.VLANs[id] = v
		}
	}
	for id := range from.VLANs {
		if _, stays := to.VLANs[id]; !stays {
			w.AbsentVLANs = append(w.AbsentVLANs, id)
		}
	}
	for name, p := range to.Ports {
		if had, ok := from.Ports[name]; !ok || !slices.Equal(had.Lines, p.Lines) {
			w.Restore[name] = p.Lines
		}
	}
	for id, s := range to.SVIs {
		if had, ok := from.SVIs[id]; !ok || !slices.Equal(had.Lines, s.Lines) {
			w.Restore[fmt.Sprintf("Vlan%d", id)] = s.Lines
		}
	}
	for id := range from.SVIs {
		if _, stays := to.SVIs[id]; !stays && id != 1 {
			w.AbsentSVIs = append(w.AbsentSVIs, id)
		}
	}
	slices.Sort(w.AbsentVLANs)
	slices.Sort(w.AbsentSVIs)
	return w
}
