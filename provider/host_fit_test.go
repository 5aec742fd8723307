package provider_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/lab/light"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// said is what a plan of a new resource has to say.
func (p protocol) said(name string, config map[string]any) string {
	p.t.Helper()
	as := p.resourceType(name)
	c := value(p.t, as, config)
	resp, err := p.server.PlanResourceChange(p.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: name, PriorState: null(as), Config: c, ProposedNewState: p.proposed(name, null(as), c),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	var all []string
	for _, d := range resp.Diagnostics {
		all = append(all, d.Severity.String()+" "+d.Attribute.String()+": "+d.Summary+": "+d.Detail)
	}
	return strings.Join(all, "\n")
}

// An image is compared with what the machine's firmware has said of itself in
// DHCP's option 93, and so is the firmware that it is to boot by.
func TestHostFitsItsImage(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	ctx := context.Background()
	store, err := keg.OpenDir(filepath.Join(w.cache, "keg"))
	if err != nil {
		t.Fatal(err)
	}
	image, err := light.PutImage(ctx, store, "amd64")
	if err != nil {
		t.Fatal(err)
	}
	const mac = "52:54:00:00:0f:01"
	for name, c := range map[string]struct {
		event ophub.Event
		want  string // "" for nothing
	}{
		"never asked":       {ophub.Event{Stage: ophub.StageAgent}, ""},
		"fits":              {ophub.Event{Stage: ophub.StageDHCP, MAC: mac, Firmware: "bios", Arch: "amd64"}, ""},
		"other processors":  {ophub.Event{Stage: ophub.StageDHCP, MAC: mac, Firmware: "uefi", Arch: "arm64"}, `ERROR AttributeName("image"): The image is for other processors: Image ` + image.Short() + ` is for amd64, and the firmware of cthulix_host "fit1" has said that the machine is arm64`},
		"another card":      {ophub.Event{Stage: ophub.StageDHCP, MAC: "52:54:00:00:0f:02", Firmware: "uefi", Arch: "arm64"}, ""},
		"other firmware":    {ophub.Event{Stage: ophub.StageDHCP, MAC: mac, Firmware: "uefi", Arch: "amd64"}, `WARNING AttributeName("firmware"): The machine was last started by its other firmware: cthulix_host "fit1" is to boot by bios. It asked for an address by uefi.`},
		"unknown processor": {ophub.Event{Stage: ophub.StageDHCP, MAC: mac, Firmware: "bios"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if err := hub.ResetBoot(ctx, "fit1", "a test"); err != nil {
				t.Fatal(err)
			}
			if err := hub.AppendBoot(ctx, "fit1", c.event); err != nil {
				t.Fatal(err)
			}
			got := w.protocol(t).said("cthulix_host", map[string]any{
				"name": "fit1", "macs": []any{mac}, "image": string(image), "bmc": map[string]any{"address": "127.0.0.1:1", "credentials": "bmc"},
			})
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("the plan says %q, want %q", got, c.want)
			}
		})
	}
}

// A VLAN that no uplink carries is named.
func TestHostVLANLeavesTheSwitch(t *testing.T) {
	const kind = "cthulix_host"
	for name, c := range map[string]struct {
		lines []string
		want  string // "" for nothing
	}{
		"management port in another VLAN": {nil, "WARNING AttributeName(\"vlan\"): VLAN 20 leaves switch leaf1 by no port"},
		"trunk without it":                {[]string{"interface GigabitEthernet1/0/48", "switchport mode trunk", "switchport trunk allowed vlan 10,30"}, "GigabitEthernet1/0/48: a trunk that carries 10,30"},
		"trunk with it":                   {[]string{"interface GigabitEthernet1/0/48", "switchport mode trunk", "switchport trunk allowed vlan 10,20"}, ""},
		"trunk with all":                  {[]string{"interface GigabitEthernet1/0/48", "switchport mode trunk"}, ""},
		"trunk that is shut":              {[]string{"interface GigabitEthernet1/0/48", "switchport mode trunk", "shutdown"}, "leaves switch leaf1 by no port"},
		"opserver on a port":              {[]string{"interface GigabitEthernet1/0/47", "switchport mode access", "switchport access vlan 20"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.byHand(append([]string{"vlan 20", "interface GigabitEthernet1/0/1", "switchport mode access", "switchport access vlan 20"}, c.lines...)...)
			got := w.protocol(t).said(kind, map[string]any{
				"name": "up1", "macs": []any{"52:54:00:00:0f:03"}, "switch": "leaf1", "port": "gi1/0/1", "vlan": 20, "image": kid("image"),
				"bmc": map[string]any{"address": "127.0.0.1:1", "credentials": "bmc"},
			})
			if c.want == "" && strings.Contains(got, "leaves switch") || !strings.Contains(got, c.want) {
				t.Errorf("the plan says %q, want %q", got, c.want)
			}
		})
	}
}
