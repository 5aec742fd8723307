package peers

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/test/ansible"
)

// What two readers of a switch have in common to say of it, in words that are
// nobody's own. What is as on a blank switch is left out.
type reading struct {
	VLANs    map[int]string    // name and state
	Ports    map[string]string // what they carry
	Channels map[string]string // members, and their modes
	Settings map[string]string // description, and whether shut down
}

// sameReading holds our reading against the facts that Ansible gathered.
func sameReading(t *testing.T, name string, obs fabric.Observation, facts ansible.Result) {
	t.Helper()
	theirs, err := readingOfFacts(facts)
	if err != nil {
		t.Fatalf("%s: Ansible's facts: %v", name, err)
	}
	ours := readingOf(obs)
	if len(ours.VLANs) < 4 || len(ours.Ports) < 2 || len(ours.Channels) != 2 || len(ours.Settings) < 2 {
		t.Errorf("%s: we read too little: %v", name, ours)
	}
	same(t, name+": VLAN", ours.VLANs, theirs.VLANs)
	same(t, name+": port", ours.Ports, theirs.Ports)
	same(t, name+": member", ours.Channels, theirs.Channels)
	same(t, name+": settings of", ours.Settings, theirs.Settings)
}

func same[K comparable](t *testing.T, what string, ours, theirs map[K]string) {
	t.Helper()
	keys := maps.Clone(ours)
	maps.Copy(keys, theirs)
	for k := range keys {
		if ours[k] != theirs[k] {
			t.Errorf("%s %v: we read %q, Ansible %q", what, k, ours[k], theirs[k])
		}
	}
}

func newReading() reading {
	return reading{VLANs: map[int]string{}, Ports: map[string]string{}, Channels: map[string]string{}, Settings: map[string]string{}}
}

// The VLANs of token ring and FDDI are supported by nobody; the two readers
// have different words for that.
func legacy(id int) bool { return id >= 1002 && id <= 1005 }

func (r reading) vlan(id int, name, state string) {
	if !legacy(id) {
		r.VLANs[id] = name + ", " + state
	}
}

func (r reading) port(name, mode string, access, voice, native int, carried fabric.VLANSet) {
	said := ""
	if mode != "" {
		said += " mode " + mode
	}
	for i, id := range []int{access, native, voice} {
		if id > 1 {
			said += fmt.Sprintf(" %s %d", []string{"access", "native", "voice"}[i], id)
		}
	}
	if !carried.IsZero() && !carried.IsAll() {
		said += " allowed " + carried.String()
	}
	if said != "" {
		r.Ports[key(name)] = said
	}
}

func (r reading) settings(name, description string, enabled bool) {
	if description != "" || !enabled {
		r.Settings[key(name)] = fmt.Sprintf("%q enabled %t", description, enabled)
	}
}

// key makes port-channel1 and Port-channel1 one.
func key(name string) string { return strings.ToLower(name) }

func readingOf(obs fabric.Observation) reading {
	r := newReading()
	for id, v := range obs.VLANs {
		r.vlan(id, v.EffectiveName(), v.EffectiveState())
	}
	for name, p := range obs.Ports {
		mode := p.Mode
		if obs.Nexus != nil && mode == fabric.ModeAccess {
			mode = fabric.ModeDefault // a Nexus has no line for it, and Ansible goes by lines
		}
		r.port(name, string(mode), p.AccessVLAN, p.VoiceVLAN, p.NativeVLAN, p.Allowed)
		r.settings(name, p.Description, !p.Shutdown)
		if p.Channel != nil {
			r.Channels[key(name)] = fmt.Sprintf("port-channel%d %s", p.Channel.Group, p.Channel.Mode)
		}
	}
	return r
}

// readingOfFacts reads the network resources of both collections: a list of
// allowed VLANs is a list on IOS, and one string on a Nexus.
func readingOfFacts(facts ansible.Result) (reading, error) {
	r := newReading()
	var resources struct {
		VLANs []struct {
			ID    int    `json:"vlan_id"`
			Name  string `json:"name"`
			State string `json:"state"`
		} `json:"vlans"`
		L2 []struct {
			Name   string
			Mode   string
			Access struct{ VLAN int }
			Voice  struct{ VLAN int }
			Trunk  struct {
				Native  int             `json:"native_vlan"`
				Allowed json.RawMessage `json:"allowed_vlans"`
			}
		} `json:"l2_interfaces"`
		LAG []struct {
			Name    string
			Members []struct{ Member, Mode string }
		} `json:"lag_interfaces"`
		Interfaces []struct {
			Name        string
			Description string
			Enabled     *bool
		} `json:"interfaces"`
	}
	if err := json.Unmarshal(facts.Facts["ansible_network_resources"], &resources); err != nil {
		return r, err
	}
	for _, v := range resources.VLANs {
		r.vlan(v.ID, fabric.VLAN{ID: v.ID, Name: v.Name}.EffectiveName(), v.State)
	}
	for _, p := range resources.L2 {
		carried, err := vlans(p.Trunk.Allowed)
		if err != nil {
			return r, fmt.Errorf("%s: %w", p.Name, err)
		}
		r.port(p.Name, p.Mode, p.Access.VLAN, p.Voice.VLAN, p.Trunk.Native, carried)
	}
	for _, lag := range resources.LAG {
		for _, m := range lag.Members {
			r.Channels[key(m.Member)] = key(lag.Name) + " " + m.Mode
		}
	}
	for _, i := range resources.Interfaces {
		r.settings(i.Name, i.Description, i.Enabled == nil || *i.Enabled)
	}
	return r, nil
}

func vlans(raw json.RawMessage) (fabric.VLANSet, error) {
	var list []string
	var text string
	if len(raw) == 0 {
		return fabric.VLANSet{}, nil
	}
	if json.Unmarshal(raw, &list) != nil {
		if err := json.Unmarshal(raw, &text); err != nil {
			return fabric.VLANSet{}, err
		}
		list = []string{text}
	}
	return fabric.ParseVLANSet(strings.Join(list, ","))
}
