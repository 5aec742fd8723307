package fabric

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
)

// WholeFingerprint names the state of everything that Cthulix can configure on
// a switch: host name, VTP mode, VLANs, and all lines of all ports. Ports that
// differ in lines which are not understood have different fingerprints, too.
func WholeFingerprint(o Observation) string {
	h := sha256.New()
	fmt.Fprintf(h, "host %q vtp %q\n", o.Hostname, o.VTPMode)
	for _, id := range slices.Sorted(maps.Keys(o.VLANs)) {
		writeVLAN(h, o.Config, id)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Ports)) {
		writePort(h, o.Config, name)
	}
	for _, id := range slices.Sorted(maps.Keys(o.SVIs)) {
		writeSVI(h, o.Config, id)
	}
	if !o.Global.Empty() {
		writeGlobal(h, o.Global)
	}
	return "all:" + hex.EncodeToString(h.Sum(nil)[:16])
}

// ScopeFingerprint names the state of the VLANs, ports, SVIs and settings that a want names,
// and of nothing else: two resources on one switch do not disturb each other.
func ScopeFingerprint(o Observation, w Want) string {
	vlans := map[int]bool{}
	for id := range w.VLANs {
		vlans[id] = true
	}
	for _, id := range w.AbsentVLANs {
		vlans[id] = true
	}
	ports := map[string]bool{}
	for name := range w.Ports {
		ports[name] = true
	}
	for _, group := range w.AbsentChannels {
		ports[ChannelName(group)] = true
	}
	svis := map[int]bool{}
	for id := range w.SVIs {
		svis[id] = true
	}
	for _, id := range w.AbsentSVIs {
		svis[id] = true
	}
	for name := range w.Restore {
		if id := SVINumber(name); id != 0 {
			svis[id] = true
			continue
		}
		ports[name] = true
	}
	h := sha256.New()
	for _, id := range slices.Sorted(maps.Keys(vlans)) {
		writeVLAN(h, o.Config, id)
	}
	for _, name := range slices.Sorted(maps.Keys(ports)) {
		writePort(h, o.Config, name)
	}
	for _, id := range slices.Sorted(maps.Keys(svis)) {
		writeSVI(h, o.Config, id)
	}
	if !w.Global.Empty() {
		writeGlobal(h, o.Global.Within(w.Global))
	}
	return "scope:" + hex.EncodeToString(h.Sum(nil)[:16])
}

func writeVLAN(h hash.Hash, c Config, id int) {
	v, ok := c.VLANs[id]
	fmt.Fprintf(h, "vlan %d %t %q %q\n", id, ok, v.Name, v.State)
}

func writePort(h hash.Hash, c Config, name string) {
	p, ok := c.Ports[name]
	fmt.Fprintf(h, "port %q %t %q\n", name, ok, p.Lines)
}

func writeSVI(h hash.Hash, c Config, id int) {
	v, ok := c.SVIs[id]
	fmt.Fprintf(h, "svi %d %t %q\n", id, ok, v.Lines)
}

func writeGlobal(h hash.Hash, g Global) {
	fmt.Fprintf(h, "global %q %q %q %q %q %d %q\n", g.SpanningTreeMode, g.DHCPSnooping.Enabled, g.DHCPSnooping.VLANs, g.LLDP, g.CDP, g.SystemMTU, g.DefaultGateway)
	for _, prio := range slices.Sorted(maps.Keys(g.SpanningTreePriority)) {
		fmt.Fprintf(h, "priority %d %q\n", prio, g.SpanningTreePriority[prio])
	}
}
