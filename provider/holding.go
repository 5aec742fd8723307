package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	management "github.com/cthulix/terraform-provider-cthulix/fabric/path"
)

// holding is one resource's hold on a part of a switch. The three resources
// that configure switches differ in their schemas alone; what they do is here.
type holding struct {
	site *site
	sw   string // name of the switch
	who  claimant
	// at finds the attribute for a path of fabric's, {"ports", "Gi1/0/1", "mode"}.
	at func([]string) path.Path
	// named is the attribute that names the switch.
	named path.Path
	// disruptive lets the change cut the way to the switch.
	disruptive bool
	// shares says that the hold is on a part of the switch, which others of its
	// parts may be made together with.
	shares bool
}

// claim claims all of next and notes how its ports will be.
func (h holding) claim(next scope, diags *diag.Diagnostics) {
	for _, id := range slices.Sorted(maps.Keys(next.vlans)) {
		p := []string{"vlans", strconv.Itoa(id)}
		thing := h.vlan(id)
		if other, ok := h.site.claims.take(thing, h.who.at(h.at(p).String())); !ok {
			addClaimError(diags, h.at(p), thing, other)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(next.ports)) {
		p := []string{"ports", name}
		thing := fmt.Sprintf("port %s of switch %s", name, h.sw)
		if other, ok := h.site.claims.take(thing, h.who.at(h.at(p).String())); !ok {
			addClaimError(diags, h.at(p), thing, other)
			continue
		}
		h.site.claims.planPort(h.sw, next.ports[name], h.who.label)
	}
}

// foresee works out what an apply will send. It returns nil when that cannot be
// known yet, with a warning if the switch is the reason. stored is nil for a
// create, which is planned from the snapshot that all of the switch share.
func (h holding) foresee(ctx context.Context, stored *memory, prior, next scope, onDestroy string, diags *diag.Diagnostics) (*step, sight) {
	d, err := h.site.device(h.sw)
	if err != nil {
		if !errors.Is(err, errUnknownConfiguration) {
			diags.AddAttributeError(h.named, "Unknown switch", err.Error())
		}
		return nil, sight{}
	}
	m := memory{}
	if stored != nil {
		m = *stored
	} else {
		m.Seen, err = h.site.planFrom(ctx, d)
		switch {
		case errors.Is(err, errUnknownConfiguration):
			return nil, m.Seen
		case isUnreachable(err):
			diags.AddWarning("The switch cannot be reached, so its commands are not known",
				fmt.Sprintf("%v\n\nThe plan of %s is made without having seen the switch. What is sent is worked out when it is applied.", err, h.who))
			return nil, m.Seen
		case err != nil:
			addSwitchError(diags, "read", err)
			return nil, m.Seen
		}
	}
	st, err := m.plan(prior, next, onDestroy)
	if err != nil {
		if !addFieldErrors(diags, err, h.at) {
			diags.AddError("The change cannot be planned", fmt.Sprintf("%s: %v", h.sw, err))
		}
		return nil, m.Seen
	}
	h.keepsTheWay(d, m.Seen, st, diags)
	for _, e := range st.change.Unmet {
		if !h.promised(e, next) {
			diags.AddAttributeWarning(h.at(slices.Clone(e.Path)), e.Summary, e.Detail)
		}
	}
	return &st, m.Seen
}

// promised tells whether a resource of this walk makes the VLAN that a change
// takes for granted and the switch lacks.
func (h holding) promised(e *fabric.FieldError, next scope) bool {
	if len(e.Path) != 3 || e.Path[0] != "ports" {
		return false
	}
	switch port := next.ports[e.Path[1]]; e.Path[2] {
	case "access_vlan":
		return h.site.claims.claimed(h.vlan(port.AccessVLAN))
	case "native_vlan":
		return h.site.claims.claimed(h.vlan(port.NativeVLAN))
	}
	return false
}

func (h holding) vlan(id int) string { return fmt.Sprintf("VLAN %d of switch %s", id, h.sw) }

// apply brings the switch from what is remembered to next. It returns what to
// remember, also after a failure.
func (h holding) apply(ctx context.Context, stored *memory, prior, next scope, onDestroy string, diags *diag.Diagnostics) (memory, fabric.Change, bool) {
	d, err := h.site.device(h.sw)
	if err != nil {
		diags.AddAttributeError(h.named, "Unknown switch", err.Error())
		return memory{}, fabric.Change{}, false
	}
	var m memory
	var noted fabric.Want
	if stored != nil {
		m = *stored
	} else {
		m.Seen, err = h.site.planFrom(ctx, d)
		if err == nil {
			noted, err = h.site.noted(d, h.who.label)
		}
		if err != nil {
			addSwitchError(diags, "read", err)
			return m, fabric.Change{}, false
		}
		m.Seen = d.leftOr(h.who.label, m.Seen)
	}
	after := memory{Seen: m.Seen, First: m.First}
	after.own(m.Seen, next, noted)
	st, err := m.plan(prior, next, onDestroy)
	if err == nil && !st.want.Empty() {
		err = h.site.startsChange(ctx, d)
	}
	if err == nil && (stored == nil || !st.want.Empty() && !next.want().Empty()) {
		err = h.site.note(d, h.who.label, after.First)
	}
	var change fabric.Change
	if err == nil && !st.want.Empty() {
		after.Seen, change, err = h.converge(ctx, d, st)
	}
	if unsaved(err) {
		h.unsaved(stored == nil || next.want().Empty(), err, diags)
		return after, change, true
	}
	if err != nil {
		h.failed(d, stored == nil && noted.Empty(), err, diags)
		return memory{Seen: m.Seen, First: union(m.First, after.First)}, change, false
	}
	if next.want().Empty() {
		d.leave(h.who.label, after.Seen)
	}
	return after, change, true
}

// unsaved reports a change that is in force and not saved. State follows the
// switch. What was made or removed only warns: after an error Terraform would
// make it anew, or go on to hold what is gone.
func (h holding) unsaved(lenient bool, err error, diags *diag.Diagnostics) {
	summary := fmt.Sprintf("The configuration of switch %s is not saved", h.sw)
	if lenient {
		diags.AddWarning(summary, err.Error())
		return
	}
	diags.AddError(summary, err.Error())
}

// failed reports a failed apply. first tells that the journal's note is this
// apply's own: it goes when nothing stayed on the switch.
func (h holding) failed(d *device, first bool, err error, diags *diag.Diagnostics) {
	var apply *ios.ApplyError
	var changed *ios.ChangedError
	var cut *management.CutError
	untouched := errors.As(err, &changed) || errors.As(err, &cut) || errors.As(err, &apply) && (apply.RolledBack || len(apply.Landed) == 0)
	if first && untouched {
		if err := h.site.forget(d, h.who.label); err != nil {
			diags.AddWarning("The journal could not be removed", err.Error())
		}
	}
	if !addFieldErrors(diags, err, h.at) {
		addSwitchError(diags, "changed", err)
	}
}

// observe reads the switch anew for a refresh. It returns false when what was
// last known has to do.
func (h holding) observe(ctx context.Context, stored memory, diags *diag.Diagnostics) (sight, bool) {
	d, err := h.site.device(h.sw)
	if err != nil {
		if !errors.Is(err, errUnknownConfiguration) {
			addSwitchError(diags, "read", err)
		}
		return stored.Seen, false
	}
	obs, err := d.observe(ctx)
	switch {
	case isUnreachable(err):
		diags.AddWarning("Not observed: switch "+h.sw, fmt.Sprintf("%v\n\n%s is planned offline, from how the switch was last seen%s. "+
			"An apply compares it with the switch, and fails for this switch alone while it cannot be reached.", err, h.who, seenAt(stored.Seen.Taken)))
		return stored.Seen, false
	case err != nil:
		addSwitchError(diags, "read", err)
		return stored.Seen, false
	}
	if err := h.site.forget(d, h.who.label); err != nil {
		diags.AddWarning("The journal could not be removed", err.Error())
	}
	return obs, true
}

// seenAt says when a switch was seen, if that is known.
func seenAt(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " at " + t.UTC().Format(time.RFC3339)
}

// warnDestroy shows what a destroy will send: the plan has no other place for it.
func (h holding) warnDestroy(stored memory, prior scope, onDestroy string, diags *diag.Diagnostics) {
	st, err := stored.plan(prior, newScope(), onDestroy)
	switch {
	case err != nil:
		diags.AddWarning(fmt.Sprintf("Destroying %s may fail", h.who), err.Error())
	case len(st.change.Commands) > 0:
		if d, err := h.site.device(h.sw); err == nil {
			h.keepsTheWay(d, stored.Seen, st, diags)
		}
		diags.AddWarning(fmt.Sprintf("Destroying %s sends %s to %s", h.who, count(len(st.change.Commands), "line"), h.sw), indent(st.change.Commands))
	}
}

// union joins what two notes tell of how things were; a wins.
func union(a, b fabric.Want) fabric.Want {
	u := fabric.Want{VLANs: map[int]fabric.VLAN{}, Restore: map[string][]string{}}
	for _, w := range []fabric.Want{b, a} {
		maps.Copy(u.VLANs, w.VLANs)
		maps.Copy(u.Restore, w.Restore)
	}
	for _, id := range slices.Concat(a.AbsentVLANs, b.AbsentVLANs) {
		if _, was := a.VLANs[id]; !was && !slices.Contains(u.AbsentVLANs, id) {
			delete(u.VLANs, id)
			u.AbsentVLANs = append(u.AbsentVLANs, id)
		}
	}
	for name := range u.Restore {
		_, was := a.Restore[name]
		if !was && (slices.Contains(a.AbsentChannels, fabric.ChannelGroup(name)) || slices.Contains(a.AbsentSVIs, fabric.SVINumber(name))) {
			delete(u.Restore, name)
		}
	}
	u.AbsentChannels = leftOut(a.AbsentChannels, b.AbsentChannels, func(id int) bool { _, was := u.Restore[fabric.ChannelName(id)]; return was })
	u.AbsentSVIs = leftOut(a.AbsentSVIs, b.AbsentSVIs, func(id int) bool { _, was := u.Restore[fabric.SVIName(id)]; return was })
	u.Global = filled(a.Global, b.Global)
	return u
}

// leftOut joins what was not there, without what was.
func leftOut(a, b []int, was func(int) bool) []int {
	all := slices.DeleteFunc(slices.Concat(a, b), was)
	slices.Sort(all)
	return slices.Compact(all)
}

// commandList renders commands as an attribute's value.
func commandList(commands []string) types.List {
	v := make([]attr.Value, len(commands))
	for i, c := range commands {
		v[i] = types.StringValue(c)
	}
	return types.ListValueMust(types.StringType, v)
}

// settleCommands puts into a result the commands that the plan promised, or, if
// it could not know them, those that were sent.
func settleCommands(planned *types.List, sent []string, what string, diags *diag.Diagnostics) {
	actual := commandList(sent)
	if planned.IsUnknown() {
		*planned = actual
		return
	}
	if !planned.Equal(actual) {
		diags.AddWarning("Other commands were sent than planned",
			fmt.Sprintf("%s: what the resource owns was as planned, but the rest of the switch had changed. Sent:\n%s", what, indent(sent)))
	}
}
