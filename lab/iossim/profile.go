package iossim

import (
	"fmt"
	"strings"
)

// Profile is a model of switch.
type Profile struct {
	Name    string
	Version string
	// ISL says that trunks can be encapsulated in two ways, so that the way
	// must be chosen before a port can be set to trunk mode.
	ISL bool
	// Routed says that ports can be made routed ones (`no switchport`).
	Routed bool

	// NXOS is a switch with the command line of a Nexus.
	NXOS bool
	// PoE says that ports can power what is plugged in.
	PoE bool
	// XE is a switch that runs IOS-XE.
	XE bool

	// OldSSH is a switch that knows SSH algorithms of before 2010 alone.
	OldSSH bool

	versionLine string   // of a captured Nexus configuration
	portMTU     bool     // `mtu` is a setting of ports
	factory     []string // lines in place of those of the common factory set
	release     string   // as in the configuration's version line
	image       string
	family      string
	train       string
	cpu         string
	ports       []portGroup
	management  string // a port for management alone, or empty
	defaultMode string
	edge        bool // portfast is written `portfast edge`
	defaults    []string
}

// portGroup is a row of sockets.
type portGroup struct {
	stem        string
	first, last int
	host        bool // for hosts, rather than an uplink
	media       string
}

// lines are what the switch has from the factory.
func (p *Profile) lines() []string {
	if p.factory != nil {
		return p.factory
	}
	return factory
}

// DefaultProfile is the model that an empty Config.Profile means.
const DefaultProfile = "WS-C2960X-48TS-L"

var factory = []string{
	"no service pad",
	"service timestamps debug datetime msec",
	"service timestamps log datetime msec",
	"no service password-encryption",
	"boot-start-marker",
	"boot-end-marker",
	"no aaa new-model",
	"spanning-tree mode rapid-pvst",
	"spanning-tree extend system-id",
	"vlan internal allocation policy ascending",
	"ip http server",
	"ip http secure-server",
	"line con 0",
	"line vty 0 4",
	"line vty 5 15",
}

var profiles = []Profile{
	{
		Name: DefaultProfile, Version: "15.2(2)E7",
		release: "15.2", image: "C2960X-UNIVERSALK9-M", family: "C2960X", train: "RELEASE SOFTWARE (fc3)", cpu: "APM86XXX",
		ports: []portGroup{
			{"GigabitEthernet1/0/", 1, 48, true, "10/100/1000BaseTX"},
			{"GigabitEthernet1/0/", 49, 52, false, "Not Present"},
		},
		management: "FastEthernet0", defaultMode: modeAuto,
		defaults: []string{"switch 1 provision ws-c2960x-48ts-l"},
	},
	{
		Name: "WS-C2960X-24TS-L", Version: "15.2(7)E3",
		release: "15.2", image: "C2960X-UNIVERSALK9-M", family: "C2960X", train: "RELEASE SOFTWARE (fc2)", cpu: "APM86XXX",
		ports: []portGroup{
			{"GigabitEthernet1/0/", 1, 24, true, "10/100/1000BaseTX"},
			{"GigabitEthernet1/0/", 25, 28, false, "Not Present"},
		},
		management: "FastEthernet0", defaultMode: modeAuto, edge: true,
		defaults: []string{"switch 1 provision ws-c2960x-24ts-l"},
	},
	{
		Name: "WS-C3560X-48T-S", Version: "15.0(2)SE11", ISL: true, Routed: true,
		release: "15.0", image: "C3560E-UNIVERSALK9-M", family: "C3560E", train: "RELEASE SOFTWARE (fc3)", cpu: "PowerPC405",
		ports: []portGroup{
			{"GigabitEthernet0/", 1, 48, true, "10/100/1000BaseTX"},
			{"GigabitEthernet1/", 1, 4, false, "Not Present"},
		},
		management: "FastEthernet0", defaultMode: modeAuto,
	},
	{
		Name: "WS-C2960X-48FPD-L", Version: "15.2(7)E3", PoE: true,
		release: "15.2", image: "C2960X-UNIVERSALK9-M", family: "C2960X", train: "RELEASE SOFTWARE (fc2)", cpu: "APM86XXX",
		ports: []portGroup{
			{"GigabitEthernet1/0/", 1, 48, true, "10/100/1000BaseTX"},
			{"TenGigabitEthernet1/0/", 1, 2, false, "Not Present"},
		},
		management: "FastEthernet0", defaultMode: modeAuto, edge: true,
		defaults: []string{"switch 1 provision ws-c2960x-48fpd-l"},
	},
	{
		Name: "C9300-48P", Version: "17.6.5", Routed: true, PoE: true, XE: true, portMTU: true,
		release: "17.6", image: "CAT9K_IOSXE", family: "Catalyst L3 Switch", train: "RELEASE SOFTWARE (fc2)", cpu: "X86",
		ports: []portGroup{
			{"GigabitEthernet1/0/", 1, 48, true, "10/100/1000BaseTX"},
			{"GigabitEthernet1/1/", 1, 4, false, "unknown"},
			{"TenGigabitEthernet1/1/", 1, 8, false, "unknown"},
			{"FortyGigabitEthernet1/1/", 1, 2, false, "unknown"},
			{"TwentyFiveGigE1/1/", 1, 2, false, "unknown"},
			{"AppGigabitEthernet1/0/", 1, 1, false, "App-hosting port"},
		},
		management: "GigabitEthernet0/0", defaultMode: modeAuto,
		defaults: []string{"switch 1 provision c9300-48p"},
		factory: []string{
			"service timestamps debug datetime msec", "service timestamps log datetime msec", "service call-home", "platform punt-keepalive disable-kernel-core",
			"no aaa new-model", "ip routing", "login on-success log", "license boot level network-advantage addon dna-advantage",
			"diagnostic bootup level minimal", "spanning-tree mode rapid-pvst", "spanning-tree extend system-id", "memory free low-watermark processor 134344",
			"redundancy", "transceiver type all", "ip forward-protocol nd", "ip http server", "ip http authentication local", "ip http secure-server",
			"line con 0", "line vty 0 4", "line vty 5 15",
		},
	},
	{
		Name: "WS-C2950T-24", Version: "12.1(22)EA14", OldSSH: true,
		release: "12.1", image: "C2950-I6K2L2Q4-M", family: "C2950", train: "RELEASE SOFTWARE (fc1)", cpu: "RC32300",
		ports: []portGroup{
			{"FastEthernet0/", 1, 24, true, "10/100BaseTX"},
			{"GigabitEthernet0/", 1, 2, false, "10/100/1000BaseTX"},
		},
		defaultMode: modeDesirable,
		factory: []string{
			"no service pad", "service timestamps debug uptime", "service timestamps log uptime", "no service password-encryption", "ip subnet-zero",
			"spanning-tree mode pvst", "no spanning-tree optimize bpdu transmission", "spanning-tree extend system-id",
			"ip http server", "line con 0", "line vty 0 4", "line vty 5 15",
		},
	},
	{
		Name: "N9K-C93180YC-EX", Version: "9.3(8)", NXOS: true, Routed: true, portMTU: true,
		release: "9.3(8)", image: "NXOS", family: "Nexus9000",
		ports:      []portGroup{{"Ethernet1/", 1, 48, true, "10Gbase-SR"}, {"Ethernet1/", 49, 54, false, "--"}},
		management: "mgmt0", defaultMode: modeAccess,
		factory: []string{"no password strength-check", "spanning-tree mode rapid-pvst", "vrf context management", "line console", "line vty"},
	},
}

// Profiles returns the models that can be simulated, the default one first.
func Profiles() []Profile { return append([]Profile(nil), profiles...) }

func findProfile(name string) (*Profile, error) {
	if name == "" {
		name = DefaultProfile
	}
	var known []string
	for i := range profiles {
		if strings.EqualFold(profiles[i].Name, name) {
			return &profiles[i], nil
		}
		known = append(known, profiles[i].Name)
	}
	return nil, fmt.Errorf("no switch model %q; there are %s", name, strings.Join(known, ", "))
}

// sockets returns the names of the ports, with at most so many for hosts; 0
// is all. A switch cut down to so many has no uplinks.
func (p *Profile) sockets(hosts int) (map[string]portGroup, error) {
	out := map[string]portGroup{}
	n := 0
	for _, g := range p.ports {
		for i := g.first; i <= g.last && (hosts == 0 || g.host && n < hosts); i++ {
			out[fmt.Sprintf("%s%d", g.stem, i)] = g
			n++
		}
	}
	if n < hosts {
		return nil, fmt.Errorf("model %s has %d ports for hosts, not %d", p.Name, n, hosts)
	}
	return out, nil
}

func (p *Profile) portfastLine(how string) string {
	line := "spanning-tree portfast"
	switch {
	case how == "edge" && p.edge:
		return line + " edge"
	case how == "edge":
		return line
	case how == "trunk" && p.edge:
		return line + " edge trunk"
	}
	return line + " " + how
}
