package ios

import (
	"fmt"
	"regexp"
	"strings"
)

// PortPower is one row of `show power inline`.
type PortPower struct {
	Name   string
	Admin  string // "auto", "static", "off"
	Oper   string // "on", "off", "faulty", …
	Watts  string // that the device draws
	Device string
	Class  string
	Max    string // watts; empty where the platform does not say
}

var (
	powerHeadRE = regexp.MustCompile(`(?m)^Interface\s+Admin\s+(?:Priority\s+)?Oper`)
	powerRowRE  = regexp.MustCompile(`^([A-Za-z]+\d[\d/]*)\s+(\S+)\s+(\S+)\s+(\d+\.\d+)(?:\s+(\d+\.\d+))?(?:\s+(\S.*?)\s+(n/a|\d|[A-Z]\d?)(?:\s+(\d+\.\d+))?)?\s*$`)
)

// ParsePowerInline reads `show power inline`. A switch without a power supply
// for its ports has none.
func ParsePowerInline(text string) ([]PortPower, error) {
	text = strings.ReplaceAll(text, "\r", "")
	if strings.Contains(text, "No inline power card") {
		return nil, nil
	}
	if !powerHeadRE.MatchString(text) {
		return nil, fmt.Errorf("no table of inline power in the answer %.80q", strings.TrimSpace(text))
	}
	var out []PortPower
	for line := range strings.SplitSeq(text, "\n") {
		if m := powerRowRE.FindStringSubmatch(line); m != nil {
			watts := m[4]
			if m[5] != "" {
				watts = m[5] // that reach the device, where both are told
			}
			out = append(out, PortPower{Name: canonicalPort(m[1]), Admin: m[2], Oper: m[3], Watts: watts, Device: m[6], Class: m[7], Max: m[8]})
		}
	}
	return out, nil
}

// Archive is what `show archive` says.
type Archive struct {
	Enabled bool
	Next    string // the file of the next archive
	Files   []string
	Latest  string
}

var (
	archiveNextRE = regexp.MustCompile(`(?m)^The next archive file will be named (\S+)`)
	archiveFileRE = regexp.MustCompile(`(?m)^[ :]*(\d{1,3})[ \t]+(\S+:\S*)([ \t]+<- Most Recent)?`)
)

// ParseArchive reads `show archive`.
func ParseArchive(text string) (Archive, error) {
	text = strings.ReplaceAll(text, "\r", "")
	if strings.Contains(text, "Archive feature not enabled") {
		return Archive{}, nil
	}
	m := archiveNextRE.FindStringSubmatch(text)
	if m == nil {
		return Archive{}, fmt.Errorf("no archive in the answer %.80q", strings.TrimSpace(text))
	}
	a := Archive{Enabled: true, Next: m[1]}
	for _, f := range archiveFileRE.FindAllStringSubmatch(text, -1) {
		a.Files = append(a.Files, f[2])
		if f[3] != "" {
			a.Latest = f[2]
		}
	}
	return a, nil
}
