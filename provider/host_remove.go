package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// What `on_destroy` can be.
const (
	destroyDetach   = "detach"
	destroyPowerOff = "power_off"
	destroyWipe     = "wipe"
)

// foretellRemoval says at plan what destroying a host does, or refuses it.
func (r *hostResource) foretellRemoval(ctx context.Context, m hostModel, diags *diag.Diagnostics) {
	switch {
	case m.Protect.ValueBool():
		diags.AddAttributeError(path.Root("protect"), m.label()+" is protected",
			"It is not destroyed while protect = true. Set protect = false and apply first; or, to make Terraform forget it and leave everything as it is, "+
				"take it out of the configuration with\n\n  removed {\n    from = cthulix_host.…\n    lifecycle { destroy = false }\n  }")
	case m.OnDestroy.ValueString() == destroyWipe:
		r.warnWipe(ctx, m, diags)
	case m.OnDestroy.ValueString() == destroyPowerOff:
		diags.AddWarning(m.label()+" is switched off", "Its work is moved away first. Destroying it shuts the machine down, cuts its power if it does not shut down within "+since(softOff)+", and removes its record.")
	default:
		diags.AddWarning(m.label()+" is detached", "Its work is moved away first. Destroying it takes the machine out of its kernels, clears the boot device at its BMC and removes its record. The machine stays on; on_destroy = \"power_off\" would switch it off.")
	}
}

// Delete moves the host's work away and takes it out of the records. Only what
// was to be switched off needs its BMC for that.
func (r *hostResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m hostModel
	diags := &resp.Diagnostics
	diags.Append(req.State.Get(ctx, &m)...)
	if diags.HasError() {
		return
	}
	ctx, cancel := withTimeout(ctx, m.Timeouts, timeouts.Value.Delete, hostTimeout, diags)
	defer cancel()
	h, err := r.site.machine(ctx, m, diags)
	if err == nil {
		err = r.remove(ctx, h, m, diags)
	}
	if err != nil {
		addHostError(diags, m.label(), h.imageOrNone(), err)
	}
}

func (r *hostResource) remove(ctx context.Context, h *machine, m hostModel, diags *diag.Diagnostics) error {
	wipe := m.OnDestroy.ValueString() == destroyWipe
	off := wipe || m.OnDestroy.ValueString() == destroyPowerOff
	on, err := h.powered(ctx)
	if err != nil && off {
		return err
	}
	record, err := h.hub.Host(ctx, h.record.Name)
	if err != nil && !errors.Is(err, ophub.ErrNotFound) {
		return err
	}
	w, err := r.workOf(m, bothLists(record.Kernels, h.record.Kernels), h.log, diags)
	if err != nil {
		return err
	}
	if err := w.leave(ctx, "the host is removed"); err != nil {
		return err
	}
	if wipe || !off {
		err = h.leaveKernels(ctx)
	}
	if err == nil && wipe {
		err = h.wipe(ctx)
	}
	if err == nil && off && on {
		err = h.switchOff(ctx)
	}
	if err != nil {
		return errors.Join(err, w.comeBack(context.WithoutCancel(ctx)))
	}
	if err := h.bmc.SetBoot(ctx, ipmi.Boot{Device: ipmi.DeviceNone}); err != nil {
		diags.AddWarning("The boot device of "+m.label()+" is not cleared", fmt.Sprintf("%v\n\nThe machine still boots from the network.", err))
	}
	r.forgetNodes(ctx, h, diags)
	return h.hub.DeleteHost(ctx, h.record.Name)
}

// forgetNodes takes the host out of the engine that runs its kernels, whatever
// kernels those are: one that was cut off may have taken them out of the record.
// Without that, it only takes the engine longer to notice.
func (r *hostResource) forgetNodes(ctx context.Context, h *machine, diags *diag.Diagnostics) {
	if r.site.nomad.check() != nil {
		return
	}
	engine, err := r.site.gridappClient()
	var kernels []ophub.Kernel
	if err == nil {
		kernels, err = h.hub.Kernels(ctx)
	}
	for _, k := range kernels {
		if err == nil {
			err = engine.ForgetHost(ctx, h.record.Name, gridapp.DomainOf(k.Name, "").NodePool)
		}
	}
	if err != nil {
		diags.AddWarning("Nomad may still list the nodes of host "+h.record.Name, err.Error()+"\n\nThey go when they miss their heartbeat.")
	}
}

func (h *machine) imageOrNone() keg.KID {
	if h == nil {
		return ""
	}
	return h.record.Image
}
