package path

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Facts are the parts of a running configuration that decide on the management
// path and that the model of package fabric does not hold. They hold no secret,
// so that they can be stored beside an observation.
type Facts struct {
	Interfaces []Layer3 `json:"interfaces,omitempty"`
	// Gateway is the default gateway of a switch that does not route.
	Gateway netip.Addr `json:"gateway,omitzero"`
	Routes  []Route    `json:"routes,omitempty"`
	// TagNative switches tag the native VLAN, too.
	TagNative bool `json:"tag_native,omitempty"`
	// Guards are names of ports that shut down or block at a sign of what an
	// uplink sends: set already, they are no change.
	Guards map[string]Guards `json:"guards,omitempty"`
}

// Layer3 is an interface with an address.
type Layer3 struct {
	Name      string         `json:"name"`
	Addresses []netip.Prefix `json:"addresses,omitempty"`
	DHCP      bool           `json:"dhcp,omitempty"`
	VRF       string         `json:"vrf,omitempty"`
	ACL       string         `json:"acl,omitempty"`
	Shutdown  bool           `json:"shutdown,omitempty"`
}

// Route is a static route.
type Route struct {
	To  netip.Prefix `json:"to"`
	Hop netip.Addr   `json:"hop"`
}

// Guards are settings under which a port may shut itself down.
type Guards struct {
	Edge         bool   `json:"edge,omitempty"`
	BPDUGuard    bool   `json:"bpdu_guard,omitempty"`
	GuardRoot    bool   `json:"guard_root,omitempty"`
	PortSecurity bool   `json:"port_security,omitempty"`
	Speed        string `json:"speed,omitempty"`
}

// Read finds the facts in an observation: in its running configuration if it
// still has it, and in the model.
func Read(obs fabric.Observation) Facts {
	d := newDevice(obs.Platform)
	for _, name := range obs.Order {
		l := d.link(d.canonical(name))
		for _, line := range obs.Ports[name].Lines {
			d.interfaceLine(l, words(line))
		}
	}
	for id, svi := range obs.SVIs {
		l := d.link(fabric.SVIName(id))
		for _, line := range svi.Lines {
			d.interfaceLine(l, words(line))
		}
	}
	d.readText(obs.Running)
	f := Facts{TagNative: d.tagNative, Gateway: d.gateway}
	for _, r := range d.routes {
		f.Routes = append(f.Routes, Route{To: r.to, Hop: r.hop})
	}
	for _, name := range d.names() {
		l := d.links[name]
		if l.hasAddress() {
			f.Interfaces = append(f.Interfaces, Layer3{Name: name, Addresses: l.addresses, DHCP: l.dhcp, VRF: l.vrf, ACL: l.acl, Shutdown: l.shut})
		}
		g := Guards{Edge: l.edge, BPDUGuard: l.bpduGuard, GuardRoot: l.rootGuard, PortSecurity: l.security, Speed: l.speed}
		if g != (Guards{}) {
			if f.Guards == nil {
				f.Guards = map[string]Guards{}
			}
			f.Guards[name] = g
		}
	}
	f.addModel(obs)
	return f
}

// addModel takes from the model what the text did not have.
func (f *Facts) addModel(obs fabric.Observation) {
	for id, svi := range obs.SVIs {
		name := fabric.SVIName(id)
		known := slices.ContainsFunc(f.Interfaces, func(l Layer3) bool { return l.Name == name })
		if known || len(svi.Addresses) == 0 && !svi.DHCP {
			continue
		}
		f.Interfaces = append(f.Interfaces, Layer3{Name: name, Addresses: svi.Addresses, DHCP: svi.DHCP, Shutdown: svi.Down()})
	}
	slices.SortFunc(f.Interfaces, func(a, b Layer3) int { return strings.Compare(a.Name, b.Name) })
	if !f.Gateway.IsValid() && obs.Global.DefaultGateway.IsValid() && !obs.Global.DefaultGateway.IsUnspecified() {
		f.Gateway = obs.Global.DefaultGateway
	}
}

// readText plays a running configuration. Texts between delimiters (banners)
// can look like configuration and are skipped.
func (d *device) readText(text string) {
	lines := strings.Split(strings.ReplaceAll(text, "\r", ""), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if rest, ok := strings.CutPrefix(line, "banner "); ok {
			_, body, _ := strings.Cut(rest, " ")
			if i = skipBanner(lines, i, body); i >= len(lines) {
				break
			}
			continue
		}
		if line != "" && line[0] != ' ' && line[0] != '\t' {
			d.cursor = cursor{}
		} else if d.cursor.global() {
			continue // of a block that is not modelled, such as a VRF's
		}
		d.play(line)
	}
	d.cursor = cursor{}
}

// skipBanner gives the number of the banner's last line.
func skipBanner(lines []string, i int, body string) int {
	if body == "" {
		return i
	}
	delimiter := body[:1]
	if strings.HasPrefix(body, "^C") {
		delimiter = "^C"
	}
	if strings.Contains(body[len(delimiter):], delimiter) {
		return i
	}
	for i++; i < len(lines) && !strings.Contains(lines[i], delimiter); i++ {
	}
	return i
}

// build makes the model of an observed switch.
func build(obs fabric.Observation, f Facts) *device {
	d := newDevice(obs.Platform)
	if mode := obs.Capabilities.DefaultMode; mode != fabric.ModeDefault {
		d.defaultMode = string(mode)
	}
	for id, v := range obs.VLANs {
		d.vlans[id] = v.EffectiveState() == fabric.VLANActive
	}
	for name, p := range obs.Ports {
		l := d.link(d.canonical(name))
		l.layer2 = layer2{routed: p.Routed, mode: string(p.Mode), access: or1(p.AccessVLAN), native: or1(p.NativeVLAN), allowed: p.Allowed, voice: max(p.VoiceVLAN, 0)}
		if l.allowed.IsZero() {
			l.allowed = fabric.AllVLANs()
		}
		for _, line := range p.Lines {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "switchport trunk encapsulation "); ok {
				l.isl = rest == "isl"
			}
		}
		l.shut, l.edge = p.Shutdown, p.PortFast
		l.bpduGuard = p.BPDUGuard == fabric.Enable
		l.rootGuard = p.GuardRoot == fabric.Enable
		l.security = p.PortSecurity.Enabled == fabric.Enable
		if p.Channel != nil {
			l.group, l.groupMode = p.Channel.Group, string(p.Channel.Mode)
		}
		l.speed = speedText(p.Speed, p.Duplex)
	}
	for name, g := range f.Guards {
		l := d.link(name)
		l.edge, l.bpduGuard = l.edge || g.Edge, l.bpduGuard || g.BPDUGuard
		l.rootGuard, l.security = l.rootGuard || g.GuardRoot, l.security || g.PortSecurity
		l.speed = g.Speed
	}
	for id, svi := range obs.SVIs {
		d.link(fabric.SVIName(id)).shut = svi.Down()
	}
	for _, i := range f.Interfaces {
		l := d.link(i.Name)
		l.routed, l.addresses, l.dhcp, l.vrf, l.acl, l.shut = true, slices.Clone(i.Addresses), i.DHCP, i.VRF, i.ACL, i.Shutdown
	}
	for _, r := range f.Routes {
		d.routes = append(d.routes, route{to: r.To, hop: r.Hop})
	}
	d.gateway, d.tagNative = f.Gateway, f.TagNative
	return d
}

func or1(n int) int {
	if n <= 0 {
		return 1
	}
	return n
}

// link is the interface of that name, made if it is not there.
func (d *device) link(name string) *link {
	l, ok := d.links[name]
	if !ok {
		l = newLink(name)
		if d.nxos {
			l.routed = l.routed || strings.HasPrefix(name, "mgmt")
			l.shut = l.kind == kindSVI
		}
		d.links[name] = l
	}
	return l
}
