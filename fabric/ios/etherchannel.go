package ios

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Etherchannel is one row of `show etherchannel summary`.
type Etherchannel struct {
	Group    int
	Name     string // canonical
	Flags    string // "SU": layer 2, in use
	Protocol string // "LACP", "PAgP", "-"
	Members  []EtherchannelMember
}

// EtherchannelMember is a port in a port-channel, with its flag: "P" and "bndl"
// are bundled.
type EtherchannelMember struct {
	Port string
	Flag string
}

var (
	etherHeadRE   = regexp.MustCompile(`(?m)^Group\s+Port-channel\s+Protocol\s+Ports`)
	etherRowRE    = regexp.MustCompile(`^(\d{1,4})\s+(Po\d{1,4})\((\w{1,4})\)\s*(LACP|PAgP|-)?\s*(.*)$`)
	etherMoreRE   = regexp.MustCompile(`^\s+\S`)
	etherMemberRE = regexp.MustCompile(`([A-Za-z]+\d[\d/.]*)\((\*?\w{1,6})\)`)
)

// ParseEtherchannelSummary reads `show etherchannel summary`. A switch without
// port-channels says so in the lines above the table, or prints no table.
func ParseEtherchannelSummary(text string) ([]Etherchannel, error) {
	text = strings.ReplaceAll(text, "\r", "")
	head := etherHeadRE.FindStringIndex(text)
	if head == nil {
		if strings.Contains(text, "Number of channel-groups in use: 0") || strings.TrimSpace(text) == "" {
			return nil, nil
		}
		return nil, fmt.Errorf("no table of port-channels in the answer %.80q", strings.TrimSpace(text))
	}
	var out []Etherchannel
	for line := range strings.SplitSeq(text[head[1]:], "\n") {
		if m := etherRowRE.FindStringSubmatch(line); m != nil {
			group, err := strconv.Atoi(m[1])
			if err != nil {
				return nil, fmt.Errorf("table of port-channels: %w", err)
			}
			out = append(out, Etherchannel{Group: group, Name: canonicalPort(m[2]), Flags: m[3], Protocol: m[4], Members: etherMembers(m[5])})
			continue
		}
		if len(out) > 0 && etherMoreRE.MatchString(line) {
			last := &out[len(out)-1]
			last.Members = append(last.Members, etherMembers(line)...)
		}
	}
	return out, nil
}

func etherMembers(s string) []EtherchannelMember {
	var out []EtherchannelMember
	for _, m := range etherMemberRE.FindAllStringSubmatch(s, -1) {
		out = append(out, EtherchannelMember{Port: canonicalPort(m[1]), Flag: m[2]})
	}
	return out
}
