package iossim

import (
	"fmt"
	"strings"
	"time"
)

var neighborShows = []command{
	{pattern: "show lldp", run: showLLDP},
	{pattern: "show lldp neighbors [IF] [detail]", run: showLLDPNeighbors},
	{pattern: "show lldp interface [IF]", run: nothing},
	{pattern: "show cdp", run: showCDP},
	{pattern: "show cdp neighbors [IF] [detail]", run: showCDPNeighbors},
}

// seen are the neighbours that a show command is about, a port at a time.
func (c *call) seen(all sightings, show func(port string, n sighting, left int)) int {
	total := 0
	for _, name := range c.sim.run.names() {
		if len(c.args) > 0 && c.arg(0) != name {
			continue
		}
		for _, n := range all[name] {
			if left := time.Until(n.until); left > 0 {
				total++
				show(name, n, int(left/time.Second))
			}
		}
	}
	return total
}

func showLLDP(c *call) error {
	if !c.sim.run.has("lldp run") {
		c.printf("%% LLDP is not enabled\n")
		return nil
	}
	c.printf("\nGlobal LLDP Information:\n    Status: ACTIVE\n    LLDP advertisements are sent every 30 seconds\n    LLDP hold time advertised is 120 seconds\n    LLDP interface reinitialisation delay is 2 seconds\n")
	return nil
}

// lldpLetters are the capabilities by their bit.
var lldpLetters = []string{"O", "P", "B", "W", "R", "T", "C", "S"}

func letters(caps uint16) string {
	var out []string
	for bit, l := range lldpLetters {
		if caps&(1<<bit) != 0 {
			out = append(out, l)
		}
	}
	return strings.Join(out, ",")
}

func orUnsaid(label, value string) string {
	if value == "" {
		return label + " - not advertised\n"
	}
	return label + ": " + value + "\n"
}

func showLLDPNeighbors(c *call) error {
	if !c.sim.run.has("lldp run") {
		c.printf("%% LLDP is not enabled\n")
		return nil
	}
	if !c.has("detail") {
		c.printf("Capability codes:\n    (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device\n    (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other\n\n")
		c.printf("Device ID           Local Intf     Hold-time  Capability      Port ID\n")
		total := c.seen(c.sim.lldp, func(port string, n sighting, _ int) {
			device := n.name
			if device == "" {
				device = n.chassis
			}
			c.printf("%-20s%-15s%-11d%-16s%s\n", clip(device, 20), shortName(port), n.holdSeconds, letters(n.enabled), n.port)
		})
		c.printf("\nTotal entries displayed: %d\n\n", total)
		return nil
	}
	total := c.seen(c.sim.lldp, func(port string, n sighting, left int) {
		c.printf("------------------------------------------------\nLocal Intf: %s\nChassis id: %s\nPort id: %s\n", shortName(port), n.chassis, n.port)
		c.printf("%s%s\n", orUnsaid("Port Description", n.portDescription), orUnsaid("System Name", n.name))
		if n.description == "" {
			c.printf("System Description - not advertised\n\n")
		} else {
			c.printf("System Description: \n%s\n\n", n.description)
		}
		c.printf("Time remaining: %d seconds\n%s%s", left, orUnsaid("System Capabilities", letters(n.capabilities)), orUnsaid("Enabled Capabilities", letters(n.enabled)))
		if len(n.addresses) == 0 {
			c.printf("Management Addresses - not advertised\n")
		} else {
			c.printf("Management Addresses:\n")
			for _, a := range n.addresses {
				c.printf("    %s: %s\n", map[bool]string{true: "IP", false: "IPV6"}[a.Is4()], a)
			}
		}
		c.printf("Auto Negotiation - not supported\nPhysical media capabilities - not advertised\nMedia Attachment Unit type - not advertised\n")
		if n.hasVLAN {
			c.printf("Vlan ID: %d\n\n", n.vlan)
		} else {
			c.printf("Vlan ID: - not advertised\n\n")
		}
	})
	c.printf("\nTotal entries displayed: %d\n", total)
	return nil
}

func showCDP(c *call) error {
	if c.sim.run.has("no cdp run") {
		c.printf("%% CDP is not enabled\n")
		return nil
	}
	c.printf("Global CDP information:\n\tSending CDP packets every 60 seconds\n\tSending a holdtime value of 180 seconds\n\tSending CDPv2 advertisements is  enabled\n")
	return nil
}

// cdpWords are the capabilities by their bit, in a word and in a letter.
var cdpWords = []struct{ word, letter string }{
	{"Router", "R"}, {"Trans-Bridge", "T"}, {"Source-Route-Bridge", "B"}, {"Switch", "S"}, {"Host", "H"}, {"IGMP", "I"}, {"Repeater", "r"}, {"Phone", "P"},
}

func showCDPNeighbors(c *call) error {
	if c.sim.run.has("no cdp run") {
		c.printf("%% CDP is not enabled\n")
		return nil
	}
	caps := func(bits uint32) (words, letters string) {
		for bit, w := range cdpWords {
			if bits&(1<<bit) != 0 {
				words += w.word + " "
				letters += w.letter + " "
			}
		}
		return words, letters
	}
	if !c.has("detail") {
		c.printf("Capability Codes: R - Router, T - Trans Bridge, B - Source Route Bridge\n                  S - Switch, H - Host, I - IGMP, r - Repeater, P - Phone, \n                  D - Remote, C - CVTA, M - Two-port Mac Relay \n\n")
		c.printf("Device ID        Local Intrfce     Holdtme    Capability  Platform  Port ID\n")
		total := c.seen(c.sim.cdp, func(port string, n sighting, left int) {
			_, letters := caps(n.capabilitiesAsCDP)
			name := n.name
			if len(name) > 16 {
				c.printf("%s\n", name)
				name = ""
			}
			c.printf("%-16s %-17s %-15d%-12s%-10s%s\n", name, spacedShort(port), left, letters, clip(strings.TrimPrefix(n.platform, "cisco "), 9), spacedShort(n.port))
		})
		c.printf("\nTotal cdp entries displayed : %d\n", total)
		return nil
	}
	total := c.seen(c.sim.cdp, func(port string, n sighting, left int) {
		words, _ := caps(n.capabilitiesAsCDP)
		c.printf("-------------------------\nDevice ID: %s\nEntry address(es): \n", n.name)
		for _, a := range n.addresses {
			c.printf("  IP address: %s\n", a)
		}
		c.printf("Platform: %s,  Capabilities: %s\nInterface: %s,  Port ID (outgoing port): %s\nHoldtime : %d sec\n\n", n.platform, words, port, n.port, left)
		c.printf("Version :\n%s\n\nadvertisement version: 2\n", n.description)
		if n.hasDomain {
			c.printf("VTP Management Domain: '%s'\n", n.vtp)
		}
		if n.hasNative {
			c.printf("Native VLAN: %d\n", n.nativeVLAN)
		}
		if n.hasDuplex {
			c.printf("Duplex: %s\n", map[bool]string{true: "full", false: "half"}[n.duplex])
		}
		c.printf("Management address(es): \n")
		for _, a := range n.addresses {
			c.printf("  IP address: %s\n", a)
		}
		c.printf("\n")
	})
	c.printf("\nTotal cdp entries displayed : %d\n", total)
	return nil
}

// spacedShort is a port as the CDP table names it: Gig 1/0/1.
func spacedShort(name string) string {
	split := strings.IndexAny(name, "0123456789")
	if split < 3 {
		return name
	}
	return fmt.Sprintf("%s %s", name[:3], name[split:])
}
