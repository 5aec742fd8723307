package ios

import (
	"fmt"
	"regexp"
	"strings"
)

// Version is what `show version` says.
type Version struct {
	Hostname string
	Platform string // "ios" or "iosxe"
	Model    string
	Software string
	Serial   string
}

var (
	// IOS-XE prints the version of the package first and that of IOS after it:
	// the latter has the same form on all.
	softwareRE  = regexp.MustCompile(`(?m)^Cisco IOS Software.*\bVersion ([^\s,]+)`)
	anyVerRE    = regexp.MustCompile(`(?m)^.*\bVersion ([^\s,]+)`)
	modelNumRE  = regexp.MustCompile(`(?mi)^Model number\s*:\s*(\S+)`)
	processorRE = regexp.MustCompile(`(?mi)^cisco (\S+) .*\bmemory\.?\s*$`)
	uptimeRE    = regexp.MustCompile(`(?m)^(\S+) uptime is `)
	serialRE    = regexp.MustCompile(`(?mi)^(?:System serial number\s*:\s*|Processor board ID )([^\s,]+)`)
)

// ParseVersion reads `show version`.
func ParseVersion(text string) (Version, error) {
	text = strings.ReplaceAll(text, "\r", "")
	soft := softwareRE.FindStringSubmatch(text)
	if soft == nil {
		soft = anyVerRE.FindStringSubmatch(text)
	}
	if soft == nil {
		return Version{}, fmt.Errorf("no software version in the answer %.80q", strings.TrimSpace(text))
	}
	v := Version{Platform: "ios", Software: soft[1]}
	if strings.Contains(text, "IOS-XE") || strings.Contains(text, "IOS XE") {
		v.Platform = "iosxe"
	}
	if m := modelNumRE.FindStringSubmatch(text); m != nil {
		v.Model = m[1]
	} else if m := processorRE.FindStringSubmatch(text); m != nil {
		v.Model = m[1]
	}
	if m := uptimeRE.FindStringSubmatch(text); m != nil {
		v.Hostname = m[1]
	}
	if m := serialRE.FindStringSubmatch(text); m != nil {
		v.Serial = m[1]
	}
	return v, nil
}
