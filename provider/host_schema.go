package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var hostName = stringvalidator.RegexMatches(regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`),
	"must be a host name: lower-case letters, digits and hyphens, at most 63")

func (r *hostResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A machine: where it is plugged in, what it boots and which kernels it serves.\n\n" +
			"Apply records it, lets it boot from the network and waits until its agent has registered with the image that was asked for. " +
			"When it does not get there, the error names the stage at which it stopped, and ends with the last lines of its serial console where serial over LAN is enabled on its BMC. `effect` says in the plan what becomes of a running machine; none is power-cycled that the plan did not name.\n\n" +
			"A host whose create fails is not in the state: its record is withdrawn and it is switched off again if it was off before. " +
			"What runs on a host is moved away before the host is restarted or removed. `on_destroy` says what becomes of the machine, and `protect` refuses to destroy it.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Host name.",
				Required:            true,
				Validators:          []validator.String{hostName},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"macs": schema.ListAttribute{
				MarkdownDescription: "MAC addresses that it may boot from, the usual one first.",
				ElementType:         MACType,
				Required:            true,
				Validators:          []validator.List{listvalidator.SizeAtLeast(1)},
			},
			"switch": schema.StringAttribute{
				MarkdownDescription: "Switch that it is plugged into. Refer to a `cthulix_switch`, so that its ports are configured first.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.AlsoRequires(path.MatchRoot("port"))},
			},
			"port": schema.StringAttribute{
				MarkdownDescription: "Port of the switch.",
				CustomType:          PortNameType,
				Optional:            true,
				Validators:          []validator.String{stringvalidator.AlsoRequires(path.MatchRoot("switch"))},
			},
			"vlan": schema.Int64Attribute{
				MarkdownDescription: "VLAN that it boots in. It must be the port's VLAN for untagged frames, which is checked at plan; a plan of a new place warns when no uplink of the switch carries it.",
				Optional:            true,
				Validators:          []validator.Int64{isVLAN, int64validator.AlsoRequires(path.MatchRoot("port"))},
			},
			"image": schema.StringAttribute{
				MarkdownDescription: "KID of the image that it boots. One for other processors than the machine's firmware has told is refused at plan.",
				CustomType:          KIDType,
				Required:            true,
			},
			"kernels": schema.SetAttribute{
				MarkdownDescription: "Names of the kernels that it serves. A running host joins and leaves them without a restart.",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"args": schema.ListAttribute{
				MarkdownDescription: "Arguments for the command line of linux, beside the image's.",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"firmware": schema.StringAttribute{
				MarkdownDescription: "How it boots: `bios` (the default) or `uefi`.",
				Optional:            true, Computed: true,
				Default:    stringdefault.StaticString(firmwareBIOS),
				Validators: []validator.String{stringvalidator.OneOf(firmwareBIOS, firmwareUEFI)},
			},
			"bmc": schema.SingleNestedAttribute{
				MarkdownDescription: "Its management controller.",
				Required:            true,
				Attributes: map[string]schema.Attribute{
					"address": schema.StringAttribute{
						MarkdownDescription: "IP address or host name, and a port if it is not 623.",
						Required:            true,
					},
					"credentials": schema.StringAttribute{
						MarkdownDescription: "Name of an entry of the provider's `credentials`.",
						Required:            true,
					},
					"cipher_suites": schema.ListAttribute{
						MarkdownDescription: "Cipher suites to try, in order. Default: 17, then 3. Suite 0, which takes any password, is refused.",
						ElementType:         types.Int64Type,
						Optional:            true,
						Validators:          []validator.List{listvalidator.ValueInt64sAre(int64validator.OneOf(3, 17))},
					},
					"boot_override": overrideAttribute(),
					"boot_flags":    bootFlagsAttribute(),
				},
			},
			"power": schema.StringAttribute{
				MarkdownDescription: "`on` (the default) or `off`.",
				Optional:            true, Computed: true,
				Default:    stringdefault.StaticString(powerOn),
				Validators: []validator.String{stringvalidator.OneOf(powerOn, powerOff)},
			},
			"reboot_policy": schema.StringAttribute{
				MarkdownDescription: "Whether a change that needs a restart restarts the machine: `apply` (the default) does it while applying; `next_boot` records the change, which takes effect whenever somebody restarts the machine; " +
					"`never` refuses, at plan, a change that only a restart could bring.",
				Optional: true, Computed: true,
				Default:    stringdefault.StaticString(rebootApply),
				Validators: []validator.String{stringvalidator.OneOf(rebootApply, rebootNextBoot, rebootNever)},
			},
			"protect": schema.BoolAttribute{
				MarkdownDescription: "Refuse to destroy the host. `removed { lifecycle { destroy = false } }` still lets Terraform forget it. Default: `false`.",
				Optional:            true, Computed: true,
				Default: booldefault.StaticBool(false),
			},
			"on_destroy": schema.StringAttribute{
				MarkdownDescription: "What becomes of the machine when the host is destroyed, after its work was moved away: `detach` (the default) takes it out of the records and kernels and leaves it running; `power_off` shuts it down, too; " +
					"`wipe` has its agent overwrite all fixed disks with zeros before that (raise `timeouts.delete` for large ones). What was applied last counts.",
				Optional: true, Computed: true,
				Default:    stringdefault.StaticString(destroyDetach),
				Validators: []validator.String{stringvalidator.OneOf(destroyDetach, destroyPowerOff, destroyWipe)},
			},
			"drain_timeout": schema.StringAttribute{
				MarkdownDescription: "How long the work on the host may take to move away before a restart or removal; what still runs then is stopped. `0s` does not wait for any of it. Default: `5m`.",
				Optional:            true, Computed: true,
				Default:    stringdefault.StaticString(defaultDrain),
				Validators: []validator.String{isSpan},
			},
			"boot_budget":    budgetAttribute(),
			"rollout":        rolloutAttribute(),
			"stage_timeouts": stagesAttribute(),
			"effect": computedString("What the apply does to the machine: `none`, `live` (changed while it runs), `next_boot`, `reboot`, `power_on` or `power_off`. " +
				"A `reboot` is left out if the machine turns out to run the right image already and nothing else calls for one."),
			"effect_reason": computedString("Why."),
			"boot_device":   computedString("What its BMC lets it boot from: `pxe` when all is well, else `disk`, `none` or `other`. With an override for one boot, `none` is what is left after it."),
			"booted_image": schema.StringAttribute{
				MarkdownDescription: "KID of the image that it runs, as its agent says.",
				CustomType:          KIDType,
				Computed:            true,
			},
			"boot_id": computedString("Identifies the boot: another one after each restart."),
			"addresses": schema.ListAttribute{
				MarkdownDescription: "IP addresses of the host, the one to reach it by first.",
				ElementType:         types.StringType,
				Computed:            true,
			},
			"agent_version": computedString("Version of the agentd that runs on it."),
			"state":         computedString("`ready`, `not ready` or `off`."),
			"stage":         computedString("Where it stands on its way from power to work."),
			"drift": schema.ListAttribute{
				MarkdownDescription: "What is not as it was left, a line each: `switch` (the port is shut or does not carry the VLAN), `BMC` (power, boot device), `record` (somebody changed it in the ophub), `booted` (what runs is not what the record says, or was restarted) and `work` (an apply that was cut off has drained it; the next one lets it take work again).",
				ElementType:         types.StringType,
				Computed:            true,
			},
			"timeouts": timeouts.Attributes(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
		},
	}
}
