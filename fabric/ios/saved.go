package ios

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Saved is what somebody kept of a switch: texts as the switch printed them.
// Only Running is needed.
type Saved struct {
	Running   string // show running-config
	VLANBrief string // show vlan brief
	VTPStatus string // show vtp status
	Version   string // show version
	// Switchport is `show interfaces X switchport` of a port without a mode of
	// its own: it tells the platform's default mode and encapsulations.
	Switchport string
	Platform   string // "ios" or "iosxe"; "" reads it from the texts
	// Fragment says that Running is a part of a configuration on purpose, and
	// need not end in "end".
	Fragment bool
}

// Observation reads saved texts as if the switch had just said them. Without a
// VLAN table, and with a configuration that lists no VLANs because they are in
// the switch's own file, the VLANs that its ports use are taken to be there.
func (s Saved) Observation() (fabric.Observation, error) {
	running := s.Running
	if _, err := sections(capture(running)); s.Fragment && errors.Is(err, ErrShortRead) {
		running += "\nend\n"
	}
	cfg, err := ParseRunning(running)
	if err != nil {
		return fabric.Observation{}, fmt.Errorf("running configuration: %w", err)
	}
	obs := fabric.Observation{Platform: s.Platform, Running: s.Running}
	if m := vtpModeRE.FindStringSubmatch(s.Running); m != nil {
		obs.VTPMode = m[1]
	}
	if s.VTPStatus != "" {
		vtp, err := ParseVTPStatus(s.VTPStatus)
		if err != nil {
			return fabric.Observation{}, fmt.Errorf("show vtp status: %w", err)
		}
		obs.VTPMode, obs.VTPVersion = vtp.Mode, vtp.Version
	}
	if s.Version != "" {
		v, err := ParseVersion(s.Version)
		if err != nil {
			return fabric.Observation{}, fmt.Errorf("show version: %w", err)
		}
		obs.Model, obs.Version = v.Model, v.Software
		if obs.Platform == "" {
			obs.Platform = v.Platform
		}
	}
	if obs.Platform == "" {
		obs.Platform = "ios"
	}
	switch {
	case s.VLANBrief != "":
		table, err := ParseVLANBrief(s.VLANBrief)
		if err != nil {
			return fabric.Observation{}, fmt.Errorf("show vlan brief: %w", err)
		}
		for id, v := range table {
			if named, ok := cfg.VLANs[id]; ok {
				v.Name = named.Name
				table[id] = v
			}
		}
		cfg.VLANs = table
	default:
		cfg.VLANs = withUsed(cfg)
	}
	obs.Config = cfg
	obs.Capabilities = fabric.Capabilities{
		DefaultMode:   fabric.ModeDynamicAuto,
		ISL:           encapsulationRE.MatchString(s.Running) || islModel(obs.Model, s.Running),
		EdgeKeyword:   strings.Contains(s.Running, "spanning-tree portfast edge"),
		ExtendedVLANs: obs.VTPMode == "" || obs.VTPMode == "transparent" || obs.VTPMode == "off" || obs.VTPVersion >= 3,
	}
	if s.Switchport != "" {
		ports, err := ParseSwitchports(s.Switchport)
		if err != nil {
			return fabric.Observation{}, fmt.Errorf("show interfaces switchport: %w", err)
		}
		p := ports[0]
		obs.Capabilities.ISL = obs.Capabilities.ISL || p.Encapsulation == "negotiate" || p.Encapsulation == "isl"
		if p.Admin != "" && cfg.Ports[p.Name].Mode == fabric.ModeDefault {
			obs.Capabilities.DefaultMode = fabric.PortMode(strings.TrimPrefix(p.Admin, "static "))
		}
	}
	obs.Fingerprint = fabric.WholeFingerprint(obs)
	return obs, nil
}

// vtpModeRE is the line of the modes that a running configuration tells of
// (server is the default, and in some releases not told).
var vtpModeRE = regexp.MustCompile(`(?m)^vtp mode (server|client|transparent|off)\r?$`)

// withUsed adds the VLANs that ports use and no line of the configuration names.
func withUsed(cfg fabric.Config) map[int]fabric.VLAN {
	vlans := maps.Clone(cfg.VLANs)
	if vlans == nil {
		vlans = map[int]fabric.VLAN{}
	}
	add := func(id int) {
		if _, ok := vlans[id]; !ok && id > 0 {
			vlans[id] = fabric.VLAN{ID: id, Name: fabric.DefaultVLANName(id), Assumed: id != 1}
		}
	}
	add(1)
	for _, p := range cfg.Ports {
		add(p.AccessVLAN)
		add(p.NativeVLAN)
		add(max(p.VoiceVLAN, 0))
	}
	for id := range cfg.SVIs {
		add(id)
	}
	return vlans
}

// Models that trunk in two encapsulations, as `show version` and the lines of a
// stack name them (Catalyst command references).
var (
	islModelRE = regexp.MustCompile(`(?i)^(?:ws-)?c(?:3550|3750|3560(?:$|[-abd-z]|c-|cg))`)
	// The line that says so on its own: the others refuse it.
	encapsulationRE = regexp.MustCompile(`(?m)^[ \t]+switchport trunk encapsulation `)
	provisionRE     = regexp.MustCompile(`(?m)^switch \d+ provision (\S+)`)
)

// islModel says whether a switch is of such a model, by its name or by the
// members of its stack.
func islModel(model, running string) bool {
	if m := provisionRE.FindStringSubmatch(running); m != nil && model == "" {
		model = m[1]
	}
	return islModelRE.MatchString(model)
}
