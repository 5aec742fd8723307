package provider

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

func (r *bmcResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityOf(map[string]identityschema.Attribute{
		"address":     identityText("Address of the controller."),
		"credentials": identityText("Name of the entry of the provider's credentials to log in with."),
	})
}

func (r *bmcResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The settings of a machine's management controller: its accounts, its network configuration, and what the machine does when mains power returns.\n\n" +
			"Only what is named here is touched. Create takes up the accounts that are there by their names and makes the others. " +
			"A plan that would lock out the account that the provider logs in with is refused; so is one that moves the controller to another address or VLAN, unless `allow_disruptive` is set.\n\n" +
			"An account that this resource made is disabled and removed when it is taken out of `users`, and when the resource is destroyed; never the one that the provider logs in with.",
		Attributes: map[string]schema.Attribute{
			"address": schema.StringAttribute{
				MarkdownDescription: "IP address or host name of the controller, and a port if it is not 623. It may be changed: to where the controller is now, or, together with `lan`, to where it moves.",
				Required:            true,
			},
			"credentials": schema.StringAttribute{
				MarkdownDescription: "Name of an entry of the provider's `credentials`: an administrator of the controller.",
				Required:            true,
			},
			"cipher_suites": schema.ListAttribute{
				MarkdownDescription: "Cipher suites to try, in order. Default: 17, then 3. Suite 0, which takes any password, is refused.",
				ElementType:         types.Int64Type,
				Optional:            true,
				Validators:          []validator.List{listvalidator.ValueInt64sAre(int64validator.OneOf(3, 17))},
			},
			"users": schema.MapNestedAttribute{
				MarkdownDescription: "Accounts by name. Those that are not named are left alone.",
				Optional:            true,
				Validators:          []validator.Map{mapvalidator.KeysAre(isUserName{})},
				NestedObject:        schema.NestedAttributeObject{Attributes: bmcUserAttributes()},
			},
			"lan": schema.SingleNestedAttribute{
				MarkdownDescription: "Network configuration of the channel that the provider comes in on. What is left out is left alone.",
				Optional:            true,
				Attributes:          bmcLANAttributes(),
			},
			"restore_policy": schema.StringAttribute{
				MarkdownDescription: "What the machine does when mains power returns: `always_on`, `always_off`, or `previous`, which is as it was before.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.OneOf(restoreOn, restoreOff, restorePrevious)},
			},
			"allow_disruptive": schema.BoolAttribute{
				MarkdownDescription: "Let a change of `lan` be sent, after which the controller may not be found where it was. Default: `false`.",
				Optional:            true,
			},
			"on_destroy": schema.StringAttribute{
				MarkdownDescription: "What becomes of settings that are given up, by destroying the resource or by removing accounts from it: `keep` (the default) leaves them, " +
					"`restore` brings back the privilege of accounts and the `restore_policy` that were there before they were first touched. " +
					"The network configuration stays as it is, and accounts that this resource made are removed, in both cases.",
				Optional: true, Computed: true,
				Default:    stringdefault.StaticString(onDestroyKeep),
				Validators: []validator.String{stringvalidator.OneOf(onDestroyKeep, onDestroyRestore)},
			},
			"mac":      computedString("MAC address of the controller; empty if it does not tell. Another one at the same address is another controller, which is left alone."),
			"firmware": computedString("Version of the controller's firmware."),
			"timeouts": timeouts.Attributes(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
		},
	}
}

func bmcUserAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"privilege": schema.StringAttribute{
			MarkdownDescription: "What the account may do on the network channel: `callback`, `user`, `operator`, `administrator`, `oem`, or `no_access`.",
			Required:            true,
			Validators: []validator.String{stringvalidator.OneOf(
				ipmi.PrivilegeCallback.String(), ipmi.PrivilegeUser.String(), ipmi.PrivilegeOperator.String(),
				ipmi.PrivilegeAdministrator.String(), ipmi.PrivilegeOEM.String(), ipmi.PrivilegeNoAccess.String())},
		},
		"enabled": schema.BoolAttribute{
			MarkdownDescription: "Whether it can log in. Default: `true`.",
			Optional:            true, Computed: true,
			Default: booldefault.StaticBool(true),
		},
		"password_wo": schema.StringAttribute{
			MarkdownDescription: "Its password: 1 to 20 bytes of ASCII; with more than 16 it can log in by IPMI 2.0 only. It is in no plan and no state. " +
				"An account that is yet to be made needs one. It is set when the account is first taken up and when `password_wo_version` changes.",
			Optional: true, Sensitive: true, WriteOnly: true,
			Validators: []validator.String{isUserPassword{}},
		},
		"password_wo_version": schema.Int64Attribute{
			MarkdownDescription: "Change it to have `password_wo` set again: what is never stored cannot be compared.",
			Optional:            true,
			Validators:          []validator.Int64{int64validator.AlsoRequires(path.MatchRelative().AtParent().AtName("password_wo"))},
		},
	}
}

func bmcLANAttributes() map[string]schema.Attribute {
	address := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Optional: true, Validators: []validator.String{isIPv4{}}}
	}
	return map[string]schema.Attribute{
		"source": schema.StringAttribute{
			MarkdownDescription: "Where its address comes from: `static` or `dhcp`.",
			Optional:            true,
			Validators:          []validator.String{stringvalidator.OneOf(string(ipmi.SourceStatic), string(ipmi.SourceDHCP))},
		},
		"address": address("IPv4 address."),
		"netmask": address("Mask of its network, such as `255.255.255.0`."),
		"gateway": address("IPv4 address of the default gateway."),
		"vlan": schema.Int64Attribute{
			MarkdownDescription: "VLAN that its frames are tagged with; 0 is no tag.",
			Optional:            true,
			Validators:          []validator.Int64{int64validator.Between(0, 4094)},
		},
	}
}

// ValidateConfig checks what concerns more than one attribute.
func (r *bmcResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m bmcModel
	diags := &resp.Diagnostics
	diags.Append(req.Config.Get(ctx, &m)...)
	if diags.HasError() {
		return
	}
	if !m.Address.IsUnknown() {
		checkBMCAddress(path.Root("address"), m.Address.ValueString(), diags)
	}
	if m.LAN.IsNull() || !wholly(ctx, m.LAN) {
		return
	}
	lan := m.lan(ctx, diags)
	if lan.Source.ValueString() == string(ipmi.SourceDHCP) {
		for name, v := range map[string]types.String{"address": lan.Address, "netmask": lan.Netmask, "gateway": lan.Gateway} {
			if !v.IsNull() {
				diags.AddAttributeError(path.Root("lan").AtName(name), "It comes by DHCP",
					fmt.Sprintf("With source = %q the controller is told its %s by the DHCP server: leave it out here.", ipmi.SourceDHCP, name))
			}
		}
		return
	}
	if err := lan.all().Check(); err != nil {
		diags.AddAttributeError(path.Root("lan"), "Not a network configuration", err.Error())
	}
}

// isUserName checks the name of an account.
type isUserName struct{}

func (isUserName) Description(context.Context) string {
	return "a name of 1 to 16 printable characters"
}

func (v isUserName) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (isUserName) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	name := req.ConfigValue.ValueString()
	err := ipmi.CheckUserName(name)
	if name == "" {
		err = fmt.Errorf("the name is empty: an account without one lets anybody in")
	}
	addBadWord(req, "Not a name for an account", err, &resp.Diagnostics)
}

// isUserPassword checks a password, and never shows it.
type isUserPassword struct{}

func (isUserPassword) Description(context.Context) string { return "a password of 1 to 20 bytes" }

func (v isUserPassword) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (isUserPassword) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	password := req.ConfigValue.ValueString()
	addBadWord(req, "Not a password for a BMC", ipmi.CheckUserPassword(password, passwordSize(password)), &resp.Diagnostics)
}

// isIPv4 checks an address.
type isIPv4 struct{}

func (isIPv4) Description(context.Context) string { return "an IPv4 address" }

func (v isIPv4) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (isIPv4) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	a, err := netip.ParseAddr(req.ConfigValue.ValueString())
	if err == nil && !a.Is4() {
		err = fmt.Errorf("%s is not IPv4, which is all that is configured here", a)
	}
	addBadWord(req, "Not an IPv4 address", err, &resp.Diagnostics)
}

func addBadWord(req validator.StringRequest, summary string, err error, diags *diag.Diagnostics) {
	if err != nil {
		diags.AddAttributeError(req.Path, summary, err.Error())
	}
}

// checkBMCAddress names what can be known of an address without asking there.
func checkBMCAddress(at path.Path, address string, diags *diag.Diagnostics) {
	if err := (ipmi.Target{Address: address}).Validate(); err != nil {
		diags.AddAttributeError(at, "Not an address of a BMC", err.Error())
	}
}
