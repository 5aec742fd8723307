package fabric

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// portType is a kind of interface: the name that a running configuration uses,
// the abbreviation that tables use, and further spellings that are taken for
// it although they would be ambiguous as mere prefixes.
type portType struct {
	long, short string
	aliases     []string
}

// iosPortTypes are the interface kinds of IOS and IOS-XE. Sources: the tables
// of `show interfaces status` and `show running-config` of public captures.
// Where an abbreviation is ambiguous, the kind that IOS itself abbreviates so
// has it (Tw is TwoGigabitEthernet, Twe is TwentyFiveGigE).
var iosPortTypes = []portType{
	{"Ethernet", "Et", []string{"e", "et", "eth"}},
	{"FastEthernet", "Fa", []string{"f"}},
	{"GigabitEthernet", "Gi", []string{"g", "ge"}},
	{"TwoGigabitEthernet", "Tw", []string{"tw"}},
	{"FiveGigabitEthernet", "Fi", []string{"fi", "five"}},
	{"TenGigabitEthernet", "Te", []string{"te", "tengige"}},
	{"TwentyFiveGigE", "Twe", []string{"twe", "twentyfivegigabitethernet"}},
	{"FortyGigabitEthernet", "Fo", []string{"fo", "fortygige"}},
	{"FiftyGigE", "Fif", []string{"fif", "fiftygigabitethernet"}},
	{"HundredGigE", "Hu", []string{"hu", "hundredgigabitethernet"}},
	{"TwoHundredGigE", "TwoH", nil},
	{"FourHundredGigE", "F", []string{"fou"}},
	{"AppGigabitEthernet", "Ap", nil},
	{"Port-channel", "Po", []string{"portchannel"}},
	{"Vlan", "Vl", nil},
	{"Loopback", "Lo", nil},
	{"Tunnel", "Tu", nil},
	// Only a Nexus has one; a name whose platform is not known is read here.
	{"mgmt", "mgmt", nil},
}

// nxosPortTypes are those of NX-OS, which writes port-channel in lower case.
var nxosPortTypes = []portType{
	{"Ethernet", "Eth", []string{"e", "et"}},
	{"port-channel", "Po", []string{"portchannel"}},
	{"Vlan", "Vlan", nil},
	{"loopback", "Lo", nil},
	{"mgmt", "mgmt", nil},
}

var portNameRE = regexp.MustCompile(`^([A-Za-z][A-Za-z-]*)[ \t]*(\d{1,4}(?:/\d{1,4}){0,3}(?:\.\d{1,10})?)$`)

func portTypes(platform string) []portType {
	if platform == "nxos" {
		return nxosPortTypes
	}
	return iosPortTypes
}

// NormalizePort turns any spelling that the platform takes for a port
// ("gi1/0/1", "Gig 1/0/1") into the one that its running configuration uses
// ("GigabitEthernet1/0/1"). An empty platform means IOS.
func NormalizePort(platform, name string) (string, error) {
	m := portNameRE.FindStringSubmatch(strings.TrimSpace(name))
	if m == nil {
		return "", fmt.Errorf("%.60q is not a port name: write it like GigabitEthernet1/0/1 or gi1/0/1", name)
	}
	kind, err := findPortType(platform, m[1])
	if err != nil {
		return "", fmt.Errorf("port %.60q: %w", name, err)
	}
	return kind.long + normalizeNumbers(m[2]), nil
}

// ShortPort is the abbreviation of a canonical name as IOS tables print it
// ("Gi1/0/1"). A name that is not known comes back unchanged.
func ShortPort(name string) string {
	m := portNameRE.FindStringSubmatch(name)
	if m == nil {
		return name
	}
	for _, table := range [][]portType{iosPortTypes, nxosPortTypes} {
		for _, t := range table {
			if t.long == m[1] {
				return t.short + m[2]
			}
		}
	}
	return name
}

func findPortType(platform, word string) (portType, error) {
	word = strings.ToLower(word)
	var byPrefix []portType
	for _, t := range portTypes(platform) {
		long := strings.ToLower(t.long)
		if word == long || word == strings.ToLower(t.short) || slices.Contains(t.aliases, word) {
			return t, nil
		}
		if strings.HasPrefix(long, word) {
			byPrefix = append(byPrefix, t)
		}
	}
	switch len(byPrefix) {
	case 0:
		return portType{}, fmt.Errorf("no kind of interface is called %q", word)
	case 1:
		return byPrefix[0], nil
	}
	names := make([]string, len(byPrefix))
	for i, t := range byPrefix {
		names[i] = t.long
	}
	return portType{}, fmt.Errorf("%q could be %s", word, strings.Join(names, " or "))
}

// normalizeNumbers drops leading zeros, as the switch does.
func normalizeNumbers(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		end := strings.IndexAny(s, "/.")
		part, sep := s, ""
		if end >= 0 {
			part, sep = s[:end], s[end:end+1]
		}
		n, err := strconv.ParseUint(part, 10, 64)
		if err != nil {
			// The pattern allows digits only and too few to overflow.
			panic("fabric: port number: " + err.Error())
		}
		b.WriteString(strconv.FormatUint(n, 10) + sep)
		s = s[len(part)+len(sep):]
	}
	return b.String()
}
