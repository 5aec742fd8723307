package fabric

import (
	"fmt"
	"time"
)

// VLAN is one entry of a switch's VLAN table.
type VLAN struct {
	ID int `json:"id"`
	// Name is the name that the switch reports. In a Want, the empty string
	// stands for the switch's own default (DefaultVLANName).
	Name string `json:"name,omitempty"`
	// State is the status that the switch reports when it is not plainly
	// active, for example "suspended" or "act/lshut". In a Want "active" and
	// "suspend" ask for that state, and the empty string leaves it alone.
	State string `json:"state,omitempty"`
	// Assumed says that no text of the switch lists the VLAN: it is taken to be
	// there since ports use it. It is only observed.
	Assumed bool `json:"assumed,omitempty"`
}

// EffectiveState is the VLAN's state in the words of a Want: "active" or
// "suspend". A VLAN that is shut down on this switch only counts as suspended:
// it forwards nothing, too.
func (v VLAN) EffectiveState() string {
	switch v.State {
	case "", VLANActive:
		return VLANActive
	}
	return VLANSuspend
}

// The states of a VLAN that can be wanted.
const (
	VLANActive  = "active"
	VLANSuspend = "suspend"
)

// DefaultVLANName is the name that IOS gives to a VLAN that nobody named.
func DefaultVLANName(id int) string {
	if id == 1 {
		return "default"
	}
	return fmt.Sprintf("VLAN%04d", id)
}

// EffectiveName is the VLAN's name with the default filled in.
func (v VLAN) EffectiveName() string {
	if v.Name == "" {
		return DefaultVLANName(v.ID)
	}
	return v.Name
}

// PortMode is the administrative mode of a switch port, in the words of
// `switchport mode`.
type PortMode string

// The modes that can be wanted. Others, such as "private-vlan host", are only
// observed.
const (
	// ModeDefault is a port without a mode of its own; what that means is the
	// platform's choice (mostly dynamic auto).
	ModeDefault          PortMode = ""
	ModeAccess           PortMode = "access"
	ModeTrunk            PortMode = "trunk"
	ModeDynamicAuto      PortMode = "dynamic auto"
	ModeDynamicDesirable PortMode = "dynamic desirable"
)

// Port is one switch port or port-channel.
//
// An observed Port has every value filled in: AccessVLAN and NativeVLAN are 1
// and Allowed is AllVLANs() where the switch has no line. In a Want a zero value
// asks for the default, except for what the wanted mode does not use: in mode
// access a zero NativeVLAN or Allowed leaves the port's trunk lines alone, and
// in mode trunk a zero AccessVLAN leaves its access VLAN alone. From VoiceVLAN
// on, a zero value in a Want leaves the setting alone, and in an observation it
// is the switch's default. Members of a port-channel follow it: in a Want their
// mode and VLANs can be left out.
type Port struct {
	Name        string   `json:"name"`
	Mode        PortMode `json:"mode,omitempty"`
	AccessVLAN  int      `json:"access_vlan,omitempty"`
	NativeVLAN  int      `json:"native_vlan,omitempty"`
	Allowed     VLANSet  `json:"allowed_vlans,omitzero"`
	Description string   `json:"description,omitempty"`
	Shutdown    bool     `json:"shutdown,omitempty"`
	// PortFast says whether spanning tree treats the port as an edge port in
	// its mode: a trunk needs the trunk form of the command for that.
	PortFast bool `json:"portfast,omitempty"`

	// VoiceVLAN is the VLAN that phones tag, or one of VoiceOff, VoiceDot1p
	// and VoiceUntagged.
	VoiceVLAN int `json:"voice_vlan,omitempty"`
	// Channel is the port-channel that the port is a member of, nil for none.
	Channel *ChannelMember `json:"channel,omitempty"`
	// Negotiate is Disable on a port that speaks no DTP (`switchport
	// nonegotiate`).
	Negotiate Toggle `json:"negotiate,omitempty"`
	BPDUGuard Toggle `json:"bpdu_guard,omitempty"`
	// GuardRoot keeps the port from becoming the way to the root bridge.
	GuardRoot         Toggle       `json:"guard_root,omitempty"`
	StormControl      StormControl `json:"storm_control,omitzero"`
	PortSecurity      PortSecurity `json:"port_security,omitzero"`
	DHCPSnoopingTrust Toggle       `json:"dhcp_snooping_trust,omitempty"`
	LLDP              PortLLDP     `json:"lldp,omitzero"`
	CDP               Toggle       `json:"cdp,omitempty"`
	PoE               PoE          `json:"poe,omitzero"`
	Speed             string       `json:"speed,omitempty"`  // "auto", "100", "auto 10 100", "nonegotiate"
	Duplex            string       `json:"duplex,omitempty"` // "auto", "full", "half"
	// MTU is in bytes; DefaultNumber asks for the switch's own.
	MTU int `json:"mtu,omitempty"`

	// What follows is observed and ignored in a Want.

	// Routed ports carry no VLANs ("no switchport", or an address).
	Routed bool `json:"routed,omitempty"`
	// Other holds the lines that Cthulix does not manage. They are never
	// touched.
	Other []string `json:"other,omitempty"`
	// Lines holds all lines of the port as the switch printed them, without
	// indentation. Want.Restore takes them back.
	Lines []string `json:"lines,omitempty"`
}

// Group is the port-channel that the port is a member of, 0 for none.
func (p Port) Group() int {
	if p.Channel == nil {
		return 0
	}
	return p.Channel.Group
}

// Switched says whether a wanted port asks for anything that only a switch port
// can have.
func (p Port) Switched() bool {
	return p.Mode != ModeDefault || p.AccessVLAN > 1 || p.NativeVLAN > 1 || p.VoiceVLAN > 0 ||
		!p.Allowed.IsZero() && !p.Allowed.IsAll()
}

// Config is what a switch has been told.
type Config struct {
	Hostname string       `json:"hostname"`
	VLANs    map[int]VLAN `json:"vlans"`
	// Ports holds port-channels, too, under names such as Port-channel1.
	Ports map[string]Port `json:"ports"`
	// SVIs are the switch's own interfaces, by VLAN.
	SVIs   map[int]SVI `json:"svis,omitempty"`
	Global Global      `json:"global,omitzero"`
	// Order is the order in which the switch prints its ports.
	Order []string `json:"order"`
}

// Capabilities are the traits of a platform that decide on commands.
type Capabilities struct {
	// ISL platforms can trunk in two encapsulations and must be told which one
	// before a port becomes a trunk; others refuse the very line.
	ISL bool `json:"isl,omitempty"`
	// EdgeKeyword platforms print `spanning-tree portfast edge`.
	EdgeKeyword bool `json:"edge_keyword,omitempty"`
	// ExtendedVLANs says whether VLANs above 1005 can be created in the
	// present VTP mode.
	ExtendedVLANs bool `json:"extended_vlans,omitempty"`
	// DefaultMode is the mode of a port without a mode of its own. The switch
	// prints no line for it, even when it was told so.
	DefaultMode PortMode `json:"default_mode,omitempty"`
}

// SameMode says whether two modes are the same on this platform: without a
// mode of its own, a port is in the default mode.
func (c Capabilities) SameMode(a, b PortMode) bool {
	if a == ModeDefault {
		a = c.DefaultMode
	}
	if b == ModeDefault {
		b = c.DefaultMode
	}
	return a == b
}

// Observation is what a switch said of itself at one moment.
type Observation struct {
	Config
	Platform     string       `json:"platform"` // dialect: "ios", "iosxe"
	Model        string       `json:"model"`
	Version      string       `json:"version"`
	VTPMode      string       `json:"vtp_mode"` // "server", "client", "transparent", "off"
	VTPVersion   int          `json:"vtp_version,omitempty"`
	Capabilities Capabilities `json:"capabilities"`
	// Nexus is nil on other platforms than NX-OS.
	Nexus *Nexus `json:"nexus,omitempty"`
	// Running is the running configuration as text. It can hold secrets: it is
	// for comparing on the spot, never for state, logs or messages.
	Running string `json:"-"`
	// Fingerprint changes when any VLAN, any port, the host name or the VTP
	// mode does. For a part of the switch see ScopeFingerprint.
	Fingerprint string    `json:"fingerprint"`
	Taken       time.Time `json:"taken"`
}

// Want is a wish for a part of a switch. Only what it names is in scope;
// everything else stays as it is.
type Want struct {
	// VLANs must be there, under these names.
	VLANs map[int]VLAN `json:"vlans,omitempty"`
	// AbsentVLANs must not be there.
	AbsentVLANs []int `json:"absent_vlans,omitempty"`
	// Ports must be as described. The keys are canonical names.
	Ports map[string]Port `json:"ports,omitempty"`
	// AbsentChannels are port-channels that must not be there.
	AbsentChannels []int `json:"absent_channels,omitempty"`
	// SVIs must be as described; AbsentSVIs must not be there.
	SVIs       map[int]SVI `json:"svis,omitempty"`
	AbsentSVIs []int       `json:"absent_svis,omitempty"`
	Global     Global      `json:"global,omitzero"`
	// Restore maps a port, or an SVI as "Vlan20", to the Lines of an earlier
	// observation: its managed lines go back to exactly those.
	Restore map[string][]string `json:"restore,omitempty"`
}

// Empty says whether the want names nothing at all.
func (w Want) Empty() bool {
	return len(w.VLANs) == 0 && len(w.AbsentVLANs) == 0 && len(w.Ports) == 0 && len(w.AbsentChannels) == 0 &&
		len(w.SVIs) == 0 && len(w.AbsentSVIs) == 0 && w.Global.Empty() && len(w.Restore) == 0
}

// Change is the way from an observation to a want, and back. It is plain data.
type Change struct {
	// Commands are the configuration lines in the order in which they are
	// sent, between entering and leaving configuration mode.
	Commands []string `json:"commands"`
	// Rollback are the lines that undo all of Commands.
	Rollback []string `json:"rollback"`
	// Undo is Rollback as a want: planned against any later observation, it
	// leads back to what was before the change. A resource keeps it to restore
	// the switch when it is destroyed.
	Undo Want `json:"undo"`
	// Unmet lists what the change takes for granted and the observation lacks,
	// for example a VLAN that another resource has yet to create. It is a
	// warning while planning; to apply such a change is refused.
	Unmet []*FieldError `json:"-"`
}

// Empty says whether there is nothing to do.
func (c Change) Empty() bool { return len(c.Commands) == 0 }
