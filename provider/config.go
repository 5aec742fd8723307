package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	"github.com/cthulix/terraform-provider-cthulix/operate"
)

type providerModel struct {
	Ophub       types.Object `tfsdk:"ophub"`
	Nomad       types.Object `tfsdk:"nomad"`
	Opserver    types.Object `tfsdk:"opserver"`
	CacheDir    types.String `tfsdk:"cache_dir"`
	Credentials types.Map    `tfsdk:"credentials"`
	Switches    types.Map    `tfsdk:"switches"`
	MaxSwitches types.Int64  `tfsdk:"max_concurrent_switches"`
	MaxSessions types.Int64  `tfsdk:"sessions_per_switch"`
	Coalesce    types.String `tfsdk:"coalesce"`
}

type endpointModel struct {
	Address types.String `tfsdk:"address"`
	Token   types.String `tfsdk:"token"`
}

type opserverModel struct {
	KegURL types.String `tfsdk:"keg_url"`
	endpointModel
}

type credentialModel struct {
	Username       types.String `tfsdk:"username"`
	Password       types.String `tfsdk:"password"`
	EnablePassword types.String `tfsdk:"enable_password"`
	PrivateKey     types.String `tfsdk:"private_key"`
}

type switchConfigModel struct {
	Address             types.String `tfsdk:"address"`
	Platform            types.String `tfsdk:"platform"`
	Credentials         types.String `tfsdk:"credentials"`
	HostKey             types.String `tfsdk:"host_key"`
	ManagementInterface PortName     `tfsdk:"management_interface"`
	LegacyAlgorithms    types.Bool   `tfsdk:"legacy_algorithms"`
	AllowDisruptive     types.Bool   `tfsdk:"allow_disruptive"`
	Rollback            types.String `tfsdk:"rollback"`
	RollbackTimer       types.String `tfsdk:"rollback_timer"`
}

func (p *cthulix) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	endpoint := func(what, env string) schema.SingleNestedAttribute {
		return schema.SingleNestedAttribute{
			MarkdownDescription: what,
			Optional:            true,
			Attributes: map[string]schema.Attribute{
				"address": schema.StringAttribute{
					MarkdownDescription: "URL, such as `http://10.20.0.1:8500`. Without it the environment's `CTHULIX_" + env + "_ADDR` is used.",
					Optional:            true,
				},
				"token": schema.StringAttribute{
					MarkdownDescription: "Token to present. Without it the environment's `CTHULIX_" + env + "_TOKEN` is used.",
					Optional:            true,
					Sensitive:           true,
				},
			},
		}
	}
	opserver := endpoint("The opserver's operator API: images and artefacts are uploaded there.", "OPSERVER")
	opserver.Attributes["keg_url"] = schema.StringAttribute{
		MarkdownDescription: "URL under which hosts reach the keg. Default: what the opserver says of itself.",
		Optional:            true,
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Turns racked machines and blank switch ports into a running compute cluster.\n\n" +
			"Nothing of this block is stored in state or plan. It may take ephemeral values, and whatever is not known yet at plan is not needed yet.",
		Attributes: map[string]schema.Attribute{
			"ophub":    endpoint("The ophub: the records that opserver, hosts and provider share. They live in Consul.", "OPHUB"),
			"nomad":    endpoint("The Nomad servers that run kernels and gridapps.", "NOMAD"),
			"opserver": opserver,
			"cache_dir": schema.StringAttribute{
				MarkdownDescription: "Where images are built and what was downloaded is kept. Default: `cthulix` in the user's cache directory. The environment's `CTHULIX_CACHE_DIR` changes the default.",
				Optional:            true,
			},
			"credentials": schema.MapNestedAttribute{
				MarkdownDescription: "Accounts on switches and BMCs, by a name that switches and hosts refer to.",
				Optional:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"username": schema.StringAttribute{
						MarkdownDescription: "Whom to log in as.",
						Required:            true,
					},
					"password": schema.StringAttribute{
						MarkdownDescription: "Password of the account.",
						Optional:            true,
						Sensitive:           true,
					},
					"enable_password": schema.StringAttribute{
						MarkdownDescription: "Password of privileged mode, on switches that ask for one.",
						Optional:            true,
						Sensitive:           true,
					},
					"private_key": schema.StringAttribute{
						MarkdownDescription: "SSH private key in PEM form, instead of a password.",
						Optional:            true,
						Sensitive:           true,
					},
				}},
			},
			"max_concurrent_switches": schema.Int64Attribute{
				MarkdownDescription: fmt.Sprintf("How many switches are talked to at once. Default: %d.", defaultSwitches),
				Optional:            true,
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
			},
			"sessions_per_switch": schema.Int64Attribute{
				MarkdownDescription: fmt.Sprintf("How many sessions may be open at once on one switch. A change wants two: the second proves that the switch can still be reached. Default: %d.", defaultSessions),
				Optional:            true,
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
			},
			"coalesce": schema.StringAttribute{
				MarkdownDescription: "How `cthulix_vlan` and `cthulix_switch_port` of one switch share a transaction. With `handed_over`, the default, as far as Terraform hands them over at the same moment. " +
					"With `plan`, whatever `-parallelism` is: once Terraform hands over the first of them, all that the same `terraform apply` plans to create or to update on the switch is made in one transaction. " +
					"**What a resource depends on is then not waited for**, and if that fails, its VLAN or port is on the switch all the same, and the next plan takes it over. " +
					"Removals, and what depends on values that are not known at plan, are never made ahead. Applying a saved plan works as `handed_over`.",
				Optional:   true,
				Validators: []validator.String{stringvalidator.OneOf(coalesceHandedOver, coalescePlan)},
			},
			"switches": schema.MapNestedAttribute{
				MarkdownDescription: "How to reach each switch, by the name that resources call it.",
				Optional:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"address": schema.StringAttribute{
						MarkdownDescription: "Host name or IP address, and a port if it is not 22.",
						Required:            true,
					},
					"platform": schema.StringAttribute{
						MarkdownDescription: "Operating system of the switch: `ios` (the default), `iosxe` or `nxos`.",
						Optional:            true,
						Validators:          []validator.String{stringvalidator.OneOf("ios", "iosxe", "nxos")},
					},
					"credentials": schema.StringAttribute{
						MarkdownDescription: "Name of an entry of `credentials`.",
						Required:            true,
					},
					"host_key": schema.StringAttribute{
						MarkdownDescription: "The switch's SSH host key: `SHA256:…` or the key as in a known_hosts file. A switch with another key is not talked to.",
						Required:            true,
					},
					"management_interface": schema.StringAttribute{
						MarkdownDescription: "The interface through which the switch is managed: the port or port-channel where its management VLAN comes in, or the interface that holds its address. " +
							"A plan with a line that would cut this way is refused. Without it the way is worked out from `address`.",
						CustomType: PortNameType,
						Optional:   true,
					},
					"allow_disruptive": schema.BoolAttribute{
						MarkdownDescription: "Let changes cut the way by which the switch is managed, whatever resource they come from. Default: `false`.",
						Optional:            true,
					},
					"rollback": schema.StringAttribute{
						MarkdownDescription: "The way back that is armed before a change: `revert_timer` (`configure terminal revert timer`, where the switch has an archive), " +
							"`reload` (`reload in`, never saved before the change is confirmed), `inverse` (the inverse lines, which need a session), or `auto`, the default: the first of these that the switch offers. " +
							"NX-OS has no timer that would take single lines back. There `auto` takes a checkpoint, and rolls back to it over a session: a Nexus that cannot be reached any more stays as it is, " +
							"until somebody enters `rollback running-config checkpoint cthulix-USER` on its console or management port.",
						Optional:   true,
						Validators: []validator.String{stringvalidator.OneOf(wayBacks...)},
					},
					"rollback_timer": schema.StringAttribute{
						MarkdownDescription: "After what time a switch takes an unconfirmed change back by itself, in whole minutes from `2m` to `120m`. Default: `10m`.",
						Optional:            true,
						Validators:          []validator.String{isWayBackTimer},
					},
					"legacy_algorithms": schema.BoolAttribute{
						MarkdownDescription: "Also offer SSH algorithms that are no longer safe, for switches which know no other. Default: `false`.",
						Optional:            true,
					},
				}},
			},
		},
	}
}

// Configure gathers what the configuration says. It dials nobody, and what is
// missing or unknown is an error only of the resource that needs it.
func (p *cthulix) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var m providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	s := &site{
		version:     p.version,
		options:     p.options,
		log:         slog.New(tflogHandler{}),
		claims:      newClaims(),
		credentials: map[string]credential{},
		switches:    map[string]*device{},
	}
	s.ophub = readEndpoint(m.Ophub, endpointOf(ctx, m.Ophub, &resp.Diagnostics), "ophub", "OPHUB")
	s.nomad = readEndpoint(m.Nomad, endpointOf(ctx, m.Nomad, &resp.Diagnostics), "nomad", "NOMAD")
	var op opserverModel
	if !m.Opserver.IsNull() && !m.Opserver.IsUnknown() {
		resp.Diagnostics.Append(m.Opserver.As(ctx, &op, asGiven)...)
	}
	s.opserver = readEndpoint(m.Opserver, op.endpointModel, "opserver", "OPSERVER")
	s.opserver.unknown = s.opserver.unknown || op.KegURL.IsUnknown()
	s.kegURL = op.KegURL.ValueString()
	s.cacheDir, s.cacheErr = cacheDir(m.CacheDir)
	s.readCredentials(ctx, m.Credentials, &resp.Diagnostics)
	if m.Coalesce.ValueString() == coalescePlan {
		var err error
		if s.ahead, err = s.newAhead(); err != nil {
			resp.Diagnostics.AddAttributeWarning(path.Root("coalesce"), "Parts of a switch are not made together", err.Error())
		}
	}
	pool := ios.NewPool(ios.Limits{Switches: limitOf(m.MaxSwitches, defaultSwitches), Sessions: limitOf(m.MaxSessions, defaultSessions)})
	s.readSwitches(ctx, m.Switches, pool, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.ResourceData = s
	resp.DataSourceData = s
	resp.ListResourceData = s
	resp.ActionData = s
}

func endpointOf(ctx context.Context, o types.Object, diags *diag.Diagnostics) (m endpointModel) {
	if !o.IsNull() && !o.IsUnknown() {
		diags.Append(o.As(ctx, &m, asGiven)...)
	}
	return m
}

func readEndpoint(o types.Object, m endpointModel, name, env string) endpoint {
	e := endpoint{name: name, env: "CTHULIX_" + env + "_ADDR", unknown: o.IsUnknown()}
	e.unknown = e.unknown || m.Address.IsUnknown() || m.Token.IsUnknown()
	e.address, e.token = m.Address.ValueString(), m.Token.ValueString()
	if e.address == "" {
		e.address = os.Getenv(e.env)
	}
	if e.token == "" {
		e.token = os.Getenv("CTHULIX_" + env + "_TOKEN")
	}
	return e
}

func cacheDir(configured types.String) (string, error) {
	if configured.IsUnknown() {
		return "", errUnknownConfiguration
	}
	if dir := configured.ValueString(); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := operate.CacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: set the provider's cache_dir", err)
	}
	return dir, nil
}

func (s *site) readCredentials(ctx context.Context, m types.Map, diags *diag.Diagnostics) {
	s.credentialsUnknown = m.IsUnknown()
	for name, v := range m.Elements() {
		var c credentialModel
		o, ok := v.(types.Object)
		if !ok || o.IsUnknown() {
			s.credentials[name] = credential{unknown: true}
			continue
		}
		diags.Append(o.As(ctx, &c, asGiven)...)
		s.credentials[name] = credential{
			unknown:        c.Username.IsUnknown() || c.Password.IsUnknown() || c.EnablePassword.IsUnknown() || c.PrivateKey.IsUnknown(),
			username:       c.Username.ValueString(),
			password:       c.Password.ValueString(),
			enablePassword: c.EnablePassword.ValueString(),
			privateKey:     c.PrivateKey.ValueString(),
		}
	}
}

func (s *site) readSwitches(ctx context.Context, m types.Map, pool *ios.Pool, diags *diag.Diagnostics) {
	s.switchesUnknown = m.IsUnknown()
	for name, v := range m.Elements() {
		at := path.Root("switches").AtMapKey(name)
		d := newDevice(name, pool)
		s.switches[name] = d
		var c switchConfigModel
		o, ok := v.(types.Object)
		if !ok || o.IsUnknown() {
			d.err = errUnknownConfiguration
			continue
		}
		diags.Append(o.As(ctx, &c, asGiven)...)
		if c.Address.IsUnknown() || c.Platform.IsUnknown() || c.Credentials.IsUnknown() || c.HostKey.IsUnknown() || c.ManagementInterface.IsUnknown() ||
			c.AllowDisruptive.IsUnknown() || c.Rollback.IsUnknown() || c.RollbackTimer.IsUnknown() {
			d.err = errUnknownConfiguration
			continue
		}
		account, err := s.credential(c.Credentials.ValueString())
		if err != nil {
			if !errors.Is(err, errUnknownConfiguration) {
				diags.AddAttributeError(at.AtName("credentials"), "No such credentials", err.Error())
			}
			d.err = err
			continue
		}
		d.management = c.ManagementInterface.canonical()
		d.disruptive = c.AllowDisruptive.ValueBool()
		d.wayBack = ios.WayBack(c.Rollback.ValueString())
		// Whoever wrote a timer that is none was told by its validator.
		d.timer, _ = time.ParseDuration(c.RollbackTimer.ValueString())
		d.target = fabric.Target{
			Name:                  name,
			Address:               c.Address.ValueString(),
			Username:              account.username,
			Password:              account.password,
			EnablePassword:        account.enablePassword,
			PrivateKey:            account.privateKey,
			HostKey:               c.HostKey.ValueString(),
			Platform:              c.Platform.ValueString(),
			AllowLegacyAlgorithms: c.LegacyAlgorithms.ValueBool(),
			Dial:                  s.options.dialSwitch,
			Timeouts:              s.options.switchTimes,
			Logger:                s.log,
		}
	}
}

// credential returns the account of that name.
func (s *site) credential(name string) (credential, error) {
	c, ok := s.credentials[name]
	switch {
	case s.credentialsUnknown, ok && c.unknown:
		return credential{}, errUnknownConfiguration
	case !ok:
		return credential{}, fmt.Errorf("the provider's credentials have no %q; there is %s", name, list(keys(s.credentials)))
	}
	return c, nil
}

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
