package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/operate"
)

// powerLimit bounds the verbs that wait for a power state.
const powerLimit = 5 * time.Minute

func powerOnVerb() hostVerb {
	return hostVerb{
		name: "power_on", limit: powerLimit,
		description: "Switches a machine on and waits until its BMC says that it is. One that is on stays as it is.",
		run: func(ctx context.Context, h actedHost, _ tfsdk.Config, _ *diag.Diagnostics) error {
			return h.PowerOn(ctx)
		},
	}
}

// What `mode` of power_off can be.
const (
	offSoft = "soft"
	offHard = "hard"
)

func powerOffVerb() hostVerb {
	how := func(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) operate.Off {
		return operate.Off{
			Hard:  textOf(ctx, config, "mode", offSoft, diags) == offHard,
			Grace: spanOf(ctx, config, "grace", operate.DefaultGrace, diags),
		}
	}
	return hostVerb{
		name: "power_off", limit: powerLimit,
		description: "Switches a machine off and waits until its BMC says that it is. One that is off stays as it is.",
		attributes: map[string]schema.Attribute{
			"mode": schema.StringAttribute{
				MarkdownDescription: "`soft` (the default) asks the operating system to shut down, and cuts the power if it has not done so within `grace`; `hard` cuts the power at once.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.OneOf(offSoft, offHard)},
			},
			"grace": schema.StringAttribute{
				MarkdownDescription: fmt.Sprintf("How long the operating system has to shut down. Default: `%s`.", operate.DefaultGrace),
				Optional:            true,
				Validators:          []validator.String{isSpan},
			},
		},
		run: func(ctx context.Context, h actedHost, config tfsdk.Config, diags *diag.Diagnostics) error {
			return h.PowerOff(ctx, how(ctx, config, diags))
		},
	}
}

func powerCycleVerb() hostVerb {
	return hostVerb{
		name: "power_cycle", limit: powerLimit,
		description: "Cuts a machine's power and switches it on again, whatever runs on it. One that is off is switched on.",
		run: func(ctx context.Context, h actedHost, _ tfsdk.Config, _ *diag.Diagnostics) error {
			return h.PowerCycle(ctx)
		},
	}
}

const (
	identifyFor     = time.Minute
	identifyForever = "forever"
)

func identifyVerb() hostVerb {
	how := func(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) time.Duration {
		if textOf(ctx, config, "duration", "", diags) == identifyForever {
			return ipmi.IdentifyForever
		}
		return spanOf(ctx, config, "duration", identifyFor, diags)
	}
	return hostVerb{
		name: "identify", limit: time.Minute,
		description: "Lights a machine's identify light, so that it is found in its rack.",
		attributes: map[string]schema.Attribute{
			"duration": schema.StringAttribute{
				MarkdownDescription: "For how long, `255s` at most; `0s` switches it off, `forever` lets it burn until then. Default: `" + identifyFor.String() + "`.",
				Optional:            true,
				Validators: []validator.String{span{
					most: ipmi.MaxIdentify, word: identifyForever,
					why: fmt.Sprintf("BMCs take %s at most; %q lets the light burn until it is switched off", ipmi.MaxIdentify, identifyForever),
				}},
			},
		},
		run: func(ctx context.Context, h actedHost, config tfsdk.Config, diags *diag.Diagnostics) error {
			return h.Identify(ctx, how(ctx, config, diags))
		},
	}
}

func reprovisionVerb() hostVerb {
	return hostVerb{
		name: "reprovision", limit: hostTimeout,
		description: "Has a machine boot its image from the network anew, and waits until its agent has registered with it. " +
			"What runs on it is lost; one that is in quarantine is released.",
		attributes: map[string]schema.Attribute{
			"reason": schema.StringAttribute{
				MarkdownDescription: "Why, for the boot record.",
				Optional:            true,
			},
		},
		run: func(ctx context.Context, h actedHost, config tfsdk.Config, diags *diag.Diagnostics) error {
			if h.Records == nil {
				return fmt.Errorf("the boot goes by the host's record: tell the provider where the ophub is")
			}
			_, err := h.Reprovision(ctx, textOf(ctx, config, "reason", "cthulix_host_reprovision", diags))
			return err
		},
	}
}

func drainVerb() hostVerb {
	return hostVerb{
		name: "drain", limit: hostTimeout, withoutBMC: true,
		description: "Moves the work of a host's kernels away and waits until nothing runs on it. It takes no new work until `undo`.",
		attributes: map[string]schema.Attribute{
			"deadline": schema.StringAttribute{
				MarkdownDescription: fmt.Sprintf("How long it may take; what is left then is stopped. Default: `%s`.", operate.DefaultDrain),
				Optional:            true,
				Validators:          []validator.String{isSpan},
			},
			"reason": schema.StringAttribute{
				MarkdownDescription: "Why, kept with the host's Nomad nodes.",
				Optional:            true,
			},
			"undo": schema.BoolAttribute{
				MarkdownDescription: "Let the host take work again, instead. Default: `false`.",
				Optional:            true,
			},
		},
		run: func(ctx context.Context, h actedHost, config tfsdk.Config, diags *diag.Diagnostics) error {
			if h.Records == nil {
				return fmt.Errorf("the kernels of a host are in its record: tell the provider where the ophub is")
			}
			work, err := h.site.gridappClient()
			if err != nil {
				return err
			}
			var undo types.Bool
			diags.Append(config.GetAttribute(ctx, path.Root("undo"), &undo)...)
			if undo.ValueBool() {
				return h.Undrain(ctx, work)
			}
			return h.Drain(ctx, work, spanOf(ctx, config, "deadline", operate.DefaultDrain, diags), textOf(ctx, config, "reason", "cthulix_host_drain", diags))
		},
	}
}
