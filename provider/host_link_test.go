package provider

import (
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// What a switch says of a port becomes the stage, the evidence and the cause.
func TestBlamePort(t *testing.T) {
	const mac, other = "52:54:00:00:00:01", "52:54:00:00:00:02"
	access := fabric.Port{Mode: fabric.ModeAccess, AccessVLAN: 20}
	trunk := fabric.Port{Mode: fabric.ModeTrunk, NativeVLAN: 1, Allowed: fabric.AllVLANs()}
	heard := func(macs ...string) (all []fabric.MACEntry) {
		for _, m := range macs {
			all = append(all, fabric.MACEntry{VLAN: 20, MAC: m})
		}
		return all
	}
	for name, c := range map[string]struct {
		port                  fabric.Port
		status                string
		seen                  []fabric.MACEntry
		stage, evidence, hint string
	}{
		"shut":        {access, "disabled", nil, ophub.NoLinkText, "P is shut down", "no shutdown"},
		"by itself":   {access, "err-disabled", nil, ophub.NoLinkText, "P is err-disabled: the switch has shut it by itself", "BPDU"},
		"no VLAN":     {access, "inactive", nil, ophub.NoLinkText, "P is inactive: its VLAN is not there", "cthulix_vlan"},
		"no cable":    {access, "notconnect", nil, ophub.NoLinkText, "P is without a link (notconnect)", "its cable leads to this host"},
		"not listed":  {access, "", nil, ophub.NoLinkText, "P is without a link (not known)", "its cable"},
		"wrong VLAN":  {fabric.Port{Mode: fabric.ModeAccess, AccessVLAN: 30}, "connected", heard(mac), ophub.NoDHCPText, "P is connected, but in VLAN 30", "says VLAN 20"},
		"tagged":      {trunk, "connected", nil, ophub.NoDHCPText, "but a trunk that carries VLAN 20 tagged", "says VLAN 20"},
		"it speaks":   {access, "connected", heard(other, mac), ophub.NoDHCPText, "has heard " + mac + " in VLAN 20", "the opserver does not hear it"},
		"another":     {access, "connected", heard(other, other), ophub.NoDHCPText, "has heard " + other, "none of that is " + mac},
		"nobody":      {access, "connected", nil, ophub.NoDHCPText, "P is connected, and has heard nobody", "as before"},
		"any VLAN":    {fabric.Port{}, "connected", heard(mac), ophub.NoDHCPText, "has heard " + mac, "the opserver does not hear it"},
		"for the eye": {access, "connected", heard(other), ophub.NoDHCPText, "nothing seen; P is connected, and has heard", "correct the host's macs"},
	} {
		t.Run(name, func(t *testing.T) {
			host := ophub.Host{MACs: []string{mac}, VLAN: 20}
			if name == "any VLAN" {
				host.VLAN = 0
			}
			e := &ophub.NotReady{Verdict: ophub.Verdict{Stage: ophub.NoDHCPText, Evidence: "nothing seen", Hint: "as before"}}
			portView{c.port, fabric.Link{Status: c.status, Seen: c.seen}}.blame(e, "P", host)
			if e.Stage != c.stage || !strings.Contains(e.Evidence, c.evidence) || !strings.Contains(e.Hint, c.hint) {
				t.Errorf("got %+v", e.Verdict)
			}
		})
	}
}
