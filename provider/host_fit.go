package provider

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/cthulix/terraform-provider-cthulix/images"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// checkFit compares what a host is to boot with what the machine has said of
// itself: its firmware, when it last asked for an address, and its agent. What it
// has never said, or cannot be asked for now, is no reason against a plan.
func (r *hostResource) checkFit(ctx context.Context, m hostModel, diags *diag.Diagnostics) {
	hub, err := r.site.ophubClient()
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, placeLimit)
	defer cancel()
	asked := lastAsked(ctx, hub, m)
	if arch := r.site.archOf(ctx, keg.KID(m.Image.canonical())); arch != "" && asked.Arch != "" && arch != asked.Arch {
		diags.AddAttributeError(path.Root("image"), "The image is for other processors",
			fmt.Sprintf("Image %s is for %s, and the firmware of %s has said that the machine is %s (%s, when it asked for an address from %s). Give it an image for %s; "+
				"or, if that was another machine, correct macs.", short(m.Image), arch, m.label(), asked.Arch, asked.Time.UTC().Format("2006-01-02 15:04 MST"), asked.MAC, asked.Arch))
		return
	}
	kind, who := asked.Firmware, "It asked for an address"
	if kind == "" {
		if inv := r.ownWord(ctx, m); inv != nil {
			kind, who = inv.Firmware.Kind, "Its agent says that it was started"
		}
	}
	if want := m.Firmware.ValueString(); kind != "" && kind != want {
		diags.AddAttributeWarning(path.Root("firmware"), "The machine was last started by its other firmware",
			fmt.Sprintf("%s is to boot by %s. %s by %s. If its setup allows %s alone, it will not boot: set firmware = %q.", m.label(), want, who, kind, kind, kind))
	}
}

// lastAsked is the last request for an address of one of the host's cards, as the
// opserver saw it.
func lastAsked(ctx context.Context, hub *ophub.Hub, m hostModel) ophub.Event {
	boot, err := hub.Boot(ctx, m.Name.ValueString())
	if err != nil {
		return ophub.Event{}
	}
	macs := m.knownMACs()
	for _, e := range slices.Backward(boot.Events) {
		if e.Stage == ophub.StageDHCP && e.Firmware != "" && slices.Contains(macs, e.MAC) {
			return e
		}
	}
	return ophub.Event{}
}

// archOf is what an image is for; empty when it is in no keg that can be read,
// as one that this plan builds.
func (s *site) archOf(ctx context.Context, kid keg.KID) string {
	if local, err := s.localKeg(); err == nil {
		if manifest, err := images.LoadManifest(ctx, local, kid); err == nil {
			return manifest.Arch
		}
	}
	store, err := s.siteKeg()
	if err != nil {
		return ""
	}
	manifest, err := images.LoadManifest(ctx, store, kid)
	if err != nil {
		return ""
	}
	return manifest.Arch
}
