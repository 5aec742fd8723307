package path_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// observe is a reading of its own of the few lines that the cases use, so that
// a proof is tested without the dialects.
func observe(t testing.TB, text string) fabric.Observation {
	t.Helper()
	obs := fabric.Observation{Platform: "ios", VTPMode: "transparent", Running: text,
		Capabilities: fabric.Capabilities{DefaultMode: fabric.ModeDynamicAuto}}
	obs.VLANs = map[int]fabric.VLAN{1: {ID: 1}}
	obs.Ports = map[string]fabric.Port{}
	port := ""
	for line := range strings.SplitSeq(text, "\n") {
		if rest, ok := strings.CutPrefix(line, "vlan "); ok {
			set, err := fabric.ParseVLANSet(rest)
			if err != nil {
				t.Fatal(err)
			}
			for id := range set.All() {
				obs.VLANs[id] = fabric.VLAN{ID: id}
			}
		}
		if name, ok := strings.CutPrefix(line, "interface "); ok {
			if port = name; !strings.HasPrefix(name, "Vlan") {
				obs.Order = append(obs.Order, name)
				obs.Ports[name] = fabric.Port{Name: name, AccessVLAN: 1, NativeVLAN: 1, Allowed: fabric.AllVLANs()}
			}
		}
		if p, ok := obs.Ports[port]; ok && strings.HasPrefix(line, " ") {
			obs.Ports[port] = withLine(t, p, strings.TrimSpace(line))
		}
	}
	return obs
}

func withLine(t testing.TB, p fabric.Port, line string) fabric.Port {
	p.Lines = append(p.Lines, line)
	w := strings.Fields(line)
	last, _ := strconv.Atoi(w[len(w)-1])
	switch {
	case strings.HasPrefix(line, "switchport mode "):
		p.Mode = fabric.PortMode(strings.TrimPrefix(line, "switchport mode "))
	case strings.HasPrefix(line, "switchport access vlan "):
		p.AccessVLAN = last
	case strings.HasPrefix(line, "switchport trunk native vlan "):
		p.NativeVLAN = last
	case strings.HasPrefix(line, "switchport trunk allowed vlan "):
		set, err := fabric.ParseVLANSet(w[len(w)-1])
		if err != nil {
			t.Fatal(err)
		}
		p.Allowed = set
	case w[0] == "channel-group":
		group, _ := strconv.Atoi(w[1])
		p.Channel = &fabric.ChannelMember{Group: group, Mode: fabric.ChannelMode(w[3])}
	case line == "spanning-tree portfast":
		p.PortFast = true
	case line == "no switchport", strings.HasPrefix(line, "ip address "), strings.HasPrefix(line, "vrf "):
		p.Routed = true
	case line == "shutdown":
		p.Shutdown = true
	}
	return p
}
