package nxos

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Platform is the name of the dialect.
const Platform = "nxos"

var portRE = regexp.MustCompile(`^(?:Ethernet\d+(?:/\d+){1,3}|port-channel\d+)$`)

// ParseRunning reads `show running-config`. Lines of `show running-config all`
// about `system default switchport` can be put in front of it: without them,
// what a port without lines is must be concluded from the other ports. A text
// that is not whole is ErrShortRead.
func ParseRunning(text string) (fabric.Config, *fabric.Nexus, error) {
	secs, err := sections(text)
	if err != nil {
		return fabric.Config{}, nil, err
	}
	cfg := fabric.Config{VLANs: map[int]fabric.VLAN{}, Ports: map[string]fabric.Port{}}
	cfg.VLANs[1] = fabric.VLAN{ID: 1, Name: fabric.DefaultVLANName(1)}
	nexus := defaults(secs)
	bodies := map[string][]string{}
	for _, s := range secs {
		word, rest, _ := strings.Cut(s.head, " ")
		switch word {
		case "hostname", "switchname":
			cfg.Hostname = strings.Trim(rest, `" `)
		case "feature":
			if f := strings.TrimSpace(rest); !slices.Contains(nexus.Features, f) {
				nexus.Features = append(nexus.Features, f)
			}
		case "system":
			if size, ok := strings.CutPrefix(rest, "jumbomtu "); ok {
				cfg.Global.SystemMTU = number(strings.TrimSpace(size))
			}
		case "vlan":
			parseVLANs(rest, s.body, cfg.VLANs)
		case "interface":
			if fabric.NamesRange(rest) {
				return fabric.Config{}, nil, fmt.Errorf("%.60q is a command and no line of a running configuration: write out the interfaces one by one", s.head)
			}
			name := interfaceName(rest)
			if !portRE.MatchString(lineName(name)) {
				continue
			}
			if _, again := bodies[name]; !again {
				cfg.Order = append(cfg.Order, name)
			}
			bodies[name] = append(bodies[name], s.body...)
		}
	}
	for name, body := range bodies {
		cfg.Ports[name] = ParsePort(name, body, nexus)
	}
	if nexus.Has("lldp") {
		cfg.Global.LLDP = fabric.Enable
	}
	return cfg, nexus, nil
}

// interfaceName is the name of an interface in the model. Saved configurations
// that people have written on have other spellings than the switch's own.
func interfaceName(name string) string {
	name = strings.TrimSpace(name)
	if canonical, err := fabric.NormalizePort(Platform, name); err == nil {
		name = canonical
	}
	return modelName(name)
}

// Observe makes an observation of a running configuration alone, as the
// offline commands need it.
func Observe(running string) (fabric.Observation, error) {
	return Saved{Running: running}.Observation()
}

// Saved is what somebody kept of a switch: texts as the switch printed them.
// Only Running is needed.
type Saved struct {
	Running string // show running-config
	Version string // show version
	// Fragment says that Running is a part of a configuration on purpose.
	Fragment bool
}

// Observation reads saved texts as if the switch had just said them.
func (s Saved) Observation() (fabric.Observation, error) {
	running := s.Running
	if s.Fragment {
		running += "\nline vty\n" // with which a whole one ends
	}
	cfg, nexus, err := ParseRunning(running)
	if err != nil {
		return fabric.Observation{}, fmt.Errorf("running configuration: %w", err)
	}
	obs := fabric.Observation{
		Config: cfg, Nexus: nexus, Platform: Platform, VTPMode: "off", Running: s.Running,
		Capabilities: fabric.Capabilities{ExtendedVLANs: true, DefaultMode: fabric.ModeAccess},
	}
	if s.Version != "" {
		v, err := ParseVersion(s.Version)
		if err != nil {
			return fabric.Observation{}, fmt.Errorf("show version: %w", err)
		}
		obs.Model, obs.Version = v.Model, v.Software
	}
	obs.Fingerprint = fabric.WholeFingerprint(obs)
	return obs, nil
}

var nexusRE = regexp.MustCompile(`(?m)^(?:feature \S|vdc \S+ id \d|boot (?:nxos|kickstart|system) bootflash:|version \S+ +Bios:version|interface port-channel\d|interface mgmt0)`)

// Looks says whether a text looks like the running configuration of a Nexus.
func Looks(running string) bool { return nexusRE.MatchString(running) }

// defaults finds out what a port without lines is.
func defaults(secs []section) *fabric.Nexus {
	n := &fabric.Nexus{}
	said := map[string]bool{}
	for _, s := range secs {
		line := strings.TrimPrefix(s.head, "no ")
		no := line != s.head
		switch {
		case line == "system default switchport":
			n.RoutedPorts, said["mode"] = no, true
		case line == "system default switchport shutdown":
			n.PortsDown, said["down"] = !no, true
		}
		if list, ok := reservation(s.head); ok {
			n.ReservedVLANs = list
		}
	}
	e := evidence(secs)
	if !said["mode"] {
		n.RoutedPorts = e.routedDefault && !e.switchedDefault
	}
	if !said["down"] {
		n.PortsDown = e.down
	}
	n.RoutedPortsDown = e.routedDown || e.down && n.RoutedPorts && !said["down"]
	return n
}

// clues are what the ports tell about the defaults.
type clues struct{ switchedDefault, routedDefault, down, routedDown bool }

// evidence looks for lines of Ethernet ports that would not be printed if they
// said the default, and for what is missing because it does.
func evidence(secs []section) clues {
	var c clues
	for _, s := range secs {
		name, ok := strings.CutPrefix(s.head, "interface ")
		name = interfaceName(name)
		if !ok || !strings.HasPrefix(name, "Ethernet") || !portRE.MatchString(name) {
			continue
		}
		on, off := slices.Contains(s.body, "switchport"), slices.Contains(s.body, "no switchport")
		l2 := slices.ContainsFunc(s.body, func(l string) bool { return strings.HasPrefix(l, "switchport ") })
		l3 := slices.ContainsFunc(s.body, layer3RE.MatchString)
		up := slices.Contains(s.body, "no shutdown")
		c.routedDefault = c.routedDefault || on || l3 && !off
		c.switchedDefault = c.switchedDefault || off || l2 && !on
		c.down = c.down || up && !l3
		c.routedDown = c.routedDown || up && l3
	}
	return c
}

// reservation reads `system vlan 3968 reserve`, which moves the VLANs that the
// switch uses itself: 128 from the one that is named.
func reservation(line string) (fabric.VLANSet, bool) {
	m := reserveRE.FindStringSubmatch(line)
	if m == nil {
		return fabric.VLANSet{}, false
	}
	first := number(m[1])
	var ids []int
	for id := first; id < first+128 && id <= fabric.MaxVLAN; id++ {
		ids = append(ids, id)
	}
	set, err := fabric.NewVLANSet(ids...)
	return set, err == nil
}

var reserveRE = regexp.MustCompile(`^system vlan (\d{1,4}) reserve$`)

// parseVLANs reads `vlan 1,10-20`, which lists all VLANs, and `vlan 301` with
// the lines of one. They may come in any order.
func parseVLANs(list string, body []string, into map[int]fabric.VLAN) {
	set, err := fabric.ParseVLANSet(list)
	if err != nil || set.IsAll() || set.IsNone() {
		return
	}
	for id := range set.All() {
		v, known := into[id]
		if !known {
			v = fabric.VLAN{ID: id, Name: fabric.DefaultVLANName(id)}
		}
		for _, line := range body {
			word, rest, _ := strings.Cut(line, " ")
			switch {
			case word == "name":
				v.Name = strings.Trim(rest, `"`)
			case line == "state suspend":
				v.State = map[bool]string{true: "sus/lshut", false: "suspended"}[v.State == "act/lshut"]
			case line == "shutdown":
				v.State = map[bool]string{true: "sus/lshut", false: "act/lshut"}[v.State == "suspended"]
			}
		}
		into[id] = v
	}
}
