package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// What `bmc.boot_override` can be.
const (
	overrideAlways = "always"
	overrideOnce   = "once"
)

func overrideAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "For which boots its BMC is told to boot it from the network: `always` (the default) for all; `once` for the next one after an apply that does something to the host. " +
			"A machine that restarts by itself then starts from what its firmware prefers, so one that fails does not come back to the network again and again.",
		Optional:   true,
		Validators: []validator.String{stringvalidator.OneOf(overrideAlways, overrideOnce), stringvalidator.ConflictsWith(path.MatchRelative().AtParent().AtName("boot_flags"))},
	}
}

func bootFlagsAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "For boards that want bytes of their own to boot from the network (some of Supermicro's want `e024` or `e008` with UEFI): the first two data bytes of IPMI's boot flags (IPMI 2.0 §28.13, parameter 5), as four hexadecimal digits in lower case. " +
			"They hold all of the override: bit 7 of the first byte has to be set, bit 6 keeps it for all boots, bit 5 is for UEFI.",
		Optional:   true,
		Validators: []validator.String{areBootFlags{}},
	}
}

type areBootFlags struct{}

func (areBootFlags) Description(context.Context) string {
	return "two bytes as four hexadecimal digits in lower case, with bit 7 of the first set"
}

func (v areBootFlags) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (areBootFlags) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	given := req.ConfigValue.ValueString()
	_, err := ophub.ParseBootFlags(given)
	if err == nil && given != strings.ToLower(given) {
		err = fmt.Errorf("boot flags %q: write them in lower case, %s", given, strings.ToLower(given))
	}
	if err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Not boot flags", err.Error())
	}
}

// override is how the BMC is to be told to boot it from the network.
func (m hostModel) override() (o ophub.BootOverride) {
	attributes := m.BMC.Attributes()
	if v, ok := attributes["boot_override"].(types.String); ok {
		o.Once = v.ValueString() == overrideOnce
	}
	if v, ok := attributes["boot_flags"].(types.String); ok {
		o.Flags = v.ValueString()
	}
	return o
}

// observeOverride notes what the record says. What was left out stays so.
func (b *hostBMCModel) observeOverride(o ophub.BootOverride) {
	switch {
	case o.Once:
		b.BootOverride = types.StringValue(overrideOnce)
	case o.Flags != "":
		b.BootOverride = types.StringNull()
	case b.BootOverride.ValueString() == overrideOnce:
		b.BootOverride = types.StringValue(overrideAlways)
	}
	b.BootFlags = stringOr(types.StringNull(), o.Flags)
}

func overrideText(o ophub.BootOverride) string {
	switch {
	case o.Flags != "":
		return o.Flags
	case o.Once:
		return overrideOnce
	}
	return overrideAlways
}
