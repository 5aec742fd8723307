package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// placeLimit is how long a plan asks what a host says of its cables.
const placeLimit = 5 * time.Second

// misplaced says what a machine itself hears by LLDP on the interfaces that it
// boots by, if that is another port than port of sw, and none says that port.
// Only switches that are known by name count: what else speaks may be a phone,
// or a switch that calls itself differently.
func misplaced(inv *ophub.Inventory, macs []string, sw, port string, known func(string) bool) []string {
	var out []string
	for c := range inv.Cables() {
		if !slices.Contains(macs, c.NIC.MAC) {
			continue
		}
		name := c.Neighbor.System
		if short, _, dotted := strings.Cut(name, "."); dotted && !known(name) {
			name = short
		}
		if !known(name) {
			continue
		}
		there, err := (portKind{}).canonical(c.Neighbor.Port)
		if err != nil {
			continue
		}
		if name == sw && there == port {
			return nil
		}
		out = append(out, fmt.Sprintf("%s (%s): port %s of %s", c.NIC.Name, c.NIC.MAC, there, name))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// checkAgentPlace names a host whose own agent hears that it is plugged into
// another port than its own. It is a warning: the record may be what is wrong.
func (r *hostResource) checkAgentPlace(m hostModel, inv *ophub.Inventory, diags *diag.Diagnostics) {
	if inv == nil || m.Port.IsNull() || m.Port.IsUnknown() || m.Switch.IsUnknown() || r.site.switchesUnknown {
		return
	}
	known := func(name string) bool { return r.site.switches[name] != nil }
	places := misplaced(inv, m.knownMACs(), m.Switch.ValueString(), m.Port.canonical(), known)
	if len(places) == 0 {
		return
	}
	diags.AddAttributeWarning(path.Root("port"), "The host says that it is on another port",
		fmt.Sprintf("%s is said to be on port %s of %s. Its agent hears by LLDP on its interfaces:\n%s\n\nCheck the cable, or the port in the configuration.",
			m.label(), m.Port.canonical(), m.Switch.ValueString(), indent(places)))
}

// ownWord is what the machine has last said of itself: as the host that it is,
// or as one that was discovered. Nil when it has not, or cannot be asked now.
func (r *hostResource) ownWord(ctx context.Context, m hostModel) *ophub.Inventory {
	hub, err := r.site.ophubClient()
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, placeLimit)
	defer cancel()
	agent, err := hub.Agent(ctx, m.Name.ValueString())
	if err == nil {
		return agent.Inventory
	}
	if !errors.Is(err, ophub.ErrNotFound) {
		return nil
	}
	if d := discovered(ctx, hub, m.knownMACs()); d != nil {
		return &d.Inventory
	}
	return nil
}

// discovered is the machine with one of some addresses among those that were
// discovered; nil when it is none of them, or they cannot be read now.
func discovered(ctx context.Context, hub *ophub.Hub, macs []string) *ophub.Discovered {
	found, err := hub.Discovered(ctx)
	if err != nil {
		return nil
	}
	for _, d := range found {
		if slices.ContainsFunc(d.MACs(), func(mac string) bool { return slices.Contains(macs, mac) }) {
			return &d
		}
	}
	return nil
}

// strangerSilence is how long a machine that was discovered may have said
// nothing and be taken to run: it says what it is made of once a minute.
const strangerSilence = 150 * time.Second

// waits says whether the machine was discovered, runs the image that it is to
// run, and waits for the record that makes a host of it: it needs no restart.
func (h *machine) waits(ctx context.Context) bool {
	d := discovered(ctx, h.hub, h.record.MACs)
	return d != nil && d.Image == h.record.Image && time.Since(d.Last) < strangerSilence
}

// knownMACs are the host's addresses as far as they are known.
func (m hostModel) knownMACs() []string {
	var macs []string
	for _, v := range m.MACs.Elements() {
		if mac, ok := v.(MAC); ok && !mac.IsUnknown() {
			macs = append(macs, mac.canonical())
		}
	}
	return macs
}
