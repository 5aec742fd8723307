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
	return "all:" + hex.EncodeToString(h.Sum(nil)[:16])
}

// ScopeFingerprint names the state of the VLANs and ports that a want names,
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
	for name := range w.Restore {
		ports[name] = true
	}
	h := sha256.New()
	for _, id := range slices.Sorted(maps.Keys(vlans)) {
		writeVLAN(h, o.Config, id)
	}
	for _, name := range slices.Sorted(maps.Keys(ports)) {
		writePort(h, o.Config, name)
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
