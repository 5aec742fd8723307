package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/images"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

var (
	_ resource.ResourceWithConfigure      = (*imageResource)(nil)
	_ resource.ResourceWithValidateConfig = (*imageResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*imageResource)(nil)
	_ resource.ResourceWithImportState    = (*imageResource)(nil)
	_ resource.ResourceWithIdentity       = (*imageResource)(nil)
)

const imageTimeout = 30 * time.Minute

type imageResource struct{ resourceBase }

func newImageResource() resource.Resource { return &imageResource{} }

type imageModel struct {
	Name         types.String   `tfsdk:"name"`
	Arch         types.String   `tfsdk:"arch"`
	Linux        types.Object   `tfsdk:"linux"`
	Modules      types.List     `tfsdk:"modules"`
	Args         types.List     `tfsdk:"args"`
	Agentd       types.String   `tfsdk:"agentd"`
	Busybox      types.Object   `tfsdk:"busybox"`
	Files        types.Map      `tfsdk:"files"`
	Butane       types.String   `tfsdk:"butane"`
	Compression  types.String   `tfsdk:"compression"`
	KID          KID            `tfsdk:"kid"`
	Recipe       KID            `tfsdk:"recipe"`
	LinuxRelease types.String   `tfsdk:"linux_release"`
	Size         types.Int64    `tfsdk:"size"`
	Timeouts     timeouts.Value `tfsdk:"timeouts"`
}

type imageLinuxModel struct {
	Flavour types.String `tfsdk:"flavour"`
	Package types.String `tfsdk:"package"`
	Version types.String `tfsdk:"version"`
	Deb     types.String `tfsdk:"deb"`
}

type imageBusyboxModel struct {
	Package types.String `tfsdk:"package"`
	Version types.String `tfsdk:"version"`
	Deb     types.String `tfsdk:"deb"`
	Path    types.String `tfsdk:"path"`
}

type imageFileModel struct {
	Content types.String `tfsdk:"content"`
	Source  types.String `tfsdk:"source"`
	Mode    types.String `tfsdk:"mode"`
}

// want returns the recipe. known is false while parts of it are not known yet.
func (m imageModel) want(ctx context.Context) (r images.Recipe, known bool, diags diag.Diagnostics) {
	known = !m.Agentd.IsUnknown()
	for _, v := range []attr.Value{m.Name, m.Arch, m.Linux, m.Modules, m.Args, m.Busybox, m.Files, m.Butane, m.Compression} {
		known = known && wholly(ctx, v)
	}
	if !known {
		return r, false, nil
	}
	var linux imageLinuxModel
	var busybox imageBusyboxModel
	var files map[string]imageFileModel
	if !m.Linux.IsNull() {
		diags.Append(m.Linux.As(ctx, &linux, asGiven)...)
	}
	if !m.Busybox.IsNull() {
		diags.Append(m.Busybox.As(ctx, &busybox, asGiven)...)
	}
	diags.Append(m.Modules.ElementsAs(ctx, &r.Modules, false)...)
	diags.Append(m.Args.ElementsAs(ctx, &r.Args, false)...)
	diags.Append(m.Files.ElementsAs(ctx, &files, false)...)
	r.Name, r.Arch = m.Name.ValueString(), m.Arch.ValueString()
	r.Linux = images.Linux{
		Flavour: linux.Flavour.ValueString(), Package: linux.Package.ValueString(),
		Version: linux.Version.ValueString(), Deb: linux.Deb.ValueString(),
	}
	r.Busybox = images.Busybox{
		Package: busybox.Package.ValueString(), Version: busybox.Version.ValueString(),
		Deb: busybox.Deb.ValueString(), Path: busybox.Path.ValueString(),
	}
	r.Agentd, r.Butane, r.Compression = m.Agentd.ValueString(), m.Butane.ValueString(), m.Compression.ValueString()
	if len(files) > 0 {
		r.Files = map[string]images.File{}
	}
	for name, f := range files {
		r.Files[name] = images.File{Content: f.Content.ValueString(), Source: f.Source.ValueString(), Mode: f.Mode.ValueString()}
	}
	return r, true, diags
}

// observe notes what was built.
func (m *imageModel) observe(id keg.KID, b builtImage) {
	m.KID = wordOf[kidKind](string(b.KID))
	m.Recipe = wordOf[kidKind](string(id))
	m.LinuxRelease = types.StringValue(b.LinuxRelease)
	m.Size = types.Int64Value(b.Size)
}

func (r *imageResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_image"
	resp.ResourceBehavior.MutableIdentity = true
}

func (r *imageResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	optional := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Optional: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "An LPD: a Linux that hosts boot over the network and that lives wholly in their RAM, with agentd as its init.\n\n" +
			"The image is built on the machine that plans, so `kid`, which names it by its content, is known in the plan and a host's plan shows whether its image changes. " +
			"Apply uploads it to the opserver. Where no version of a package is given, the one of the first build is kept until the recipe changes.\n\n" +
			"Destroying an image leaves its blobs in the keg: they are named by their content, other images may share them, and a host that runs the image may still fetch them.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "What people call the image.",
				Required:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"arch": schema.StringAttribute{
				MarkdownDescription: "Machine architecture. Default: `amd64`, the only one so far.",
				Optional:            true, Computed: true,
				Default: stringdefault.StaticString("amd64"),
			},
			"linux": schema.SingleNestedAttribute{
				MarkdownDescription: "The Debian package that the Linux kernel comes from.",
				Optional:            true,
				Attributes: map[string]schema.Attribute{
					"flavour": optional("`cloud` (the default: small, for virtual machines) or `generic` (with the drivers of server hardware)."),
					"package": optional("Name of a package, in place of the flavour's."),
					"version": optional("Version of the package. Default: the one that apt would install."),
					"deb":     optional("Path of a package file, used in place of apt."),
				},
			},
			"modules": schema.ListAttribute{
				MarkdownDescription: "Modules to load at boot beside the default ones. What they depend on comes along.",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"args": schema.ListAttribute{
				MarkdownDescription: "Arguments for the command line of linux, after those that every image has: `console=ttyS0,115200`, `quiet` and `panic=10`, and `no_timer_check` with the cloud kernel, which is for virtual machines. One of the same name takes the place of these.",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"agentd": optional("Path of the agentd binary. Default: `CTHULIX_AGENTD`, else the one beside the provider, else the one on the `PATH`."),
			"busybox": schema.SingleNestedAttribute{
				MarkdownDescription: "Where the shell and its tools come from. Default: Debian's `busybox-static`.",
				Optional:            true,
				Attributes: map[string]schema.Attribute{
					"package": optional("Name of a package."),
					"version": optional("Version of the package. Default: the one that apt would install."),
					"deb":     optional("Path of a package file, used in place of apt."),
					"path":    optional("Path of a static busybox binary, used in place of any package."),
				},
			},
			"files": schema.MapNestedAttribute{
				MarkdownDescription: "Files to add to the image, by their absolute path in it.",
				Optional:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"content": optional("Text of the file. Everyone who can fetch the image can read it."),
					"source":  optional("Path of a local file to take instead."),
					"mode":    optional("Permission bits in octal. Default: `0644`."),
				}},
			},
			"butane":      optional("Configuration in Butane's language. It is translated and checked at plan, what a host would ignore is an error, and the host applies it at boot."),
			"compression": optional("Compression of the initramfs: `zstd` (the default), `gzip` or `none`."),
			"kid": schema.StringAttribute{
				MarkdownDescription: "KID of the image, to be given to hosts.",
				CustomType:          KIDType,
				Computed:            true,
			},
			"recipe": schema.StringAttribute{
				MarkdownDescription: "KID of the recipe and of the local files that it names. The image is built anew when it changes.",
				CustomType:          KIDType,
				Computed:            true,
			},
			"linux_release": schema.StringAttribute{
				MarkdownDescription: "What `uname -r` says on a host that runs the image.",
				Computed:            true,
			},
			"size": schema.Int64Attribute{
				MarkdownDescription: "Size of all that a host downloads, in bytes.",
				Computed:            true,
			},
			"timeouts": timeouts.Attributes(ctx, timeouts.Opts{Create: true, Update: true}),
		},
	}
}

func (r *imageResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m imageModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	recipe, known, diags := m.want(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || !known {
		return
	}
	if recipe.Agentd == "" {
		// Which binary it will be is decided at plan; here any file will do.
		recipe.Agentd = "agentd"
	}
	if err := images.Validate(recipe); err != nil {
		addRecipeError(&resp.Diagnostics, err)
	}
}

func (r *imageResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	m, state := modelsOf[imageModel](ctx, req.Plan, req.State, &resp.Diagnostics)
	recipe, known, diags := m.want(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || !known || r.site == nil {
		return
	}
	if other, ok := r.site.claims.take("image "+recipe.Name, claimantOf(ctx, fmt.Sprintf("cthulix_image %q", recipe.Name), req.State)); !ok {
		addClaimError(&resp.Diagnostics, path.Root("name"), "image "+recipe.Name, other)
		return
	}
	recipe, id, ok := r.complete(recipe, &resp.Diagnostics)
	if !ok {
		return
	}
	if state != nil && state.Recipe.canonical() == string(id) {
		m.KID, m.Recipe, m.LinuxRelease, m.Size = state.KID, state.Recipe, state.LinuxRelease, state.Size
		resp.Diagnostics.Append(resp.Plan.Set(ctx, m)...)
		return
	}
	built, err := r.site.buildImage(ctx, recipe, id)
	switch {
	case errors.Is(err, errUnknownConfiguration):
		return
	case err != nil:
		addRecipeError(&resp.Diagnostics, err)
		return
	}
	m.observe(id, built)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, m)...)
}

// complete fills in the agentd binary and names the recipe.
func (r *imageResource) complete(recipe images.Recipe, diags *diag.Diagnostics) (images.Recipe, keg.KID, bool) {
	agentd, err := r.site.options.findAgentd(recipe.Agentd)
	if err != nil {
		diags.AddAttributeError(path.Root("agentd"), "No agentd binary", err.Error())
		return recipe, "", false
	}
	recipe.Agentd = agentd
	if err := images.Validate(recipe); err != nil {
		addRecipeError(diags, err)
		return recipe, "", false
	}
	id, err := recipeID(recipe)
	if err != nil {
		diags.AddError("The image cannot be built", err.Error())
		return recipe, "", false
	}
	return recipe, id, true
}

func (r *imageResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	r.converge(ctx, req.Plan, &resp.State, resp.Identity, &resp.Diagnostics, timeouts.Value.Create)
}

func (r *imageResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	r.converge(ctx, req.Plan, &resp.State, resp.Identity, &resp.Diagnostics, timeouts.Value.Update)
}

// converge builds what is not built yet and uploads it.
func (r *imageResource) converge(ctx context.Context, plan tfsdk.Plan, state *tfsdk.State, name *tfsdk.ResourceIdentity, diags *diag.Diagnostics, limit timeoutOf) {
	var m imageModel
	diags.Append(plan.Get(ctx, &m)...)
	recipe, _, more := m.want(ctx)
	diags.Append(more...)
	if diags.HasError() {
		return
	}
	ctx, cancel := withTimeout(ctx, m.Timeouts, limit, imageTimeout, diags)
	defer cancel()
	recipe, id, ok := r.complete(recipe, diags)
	if !ok {
		return
	}
	built, err := r.site.buildImage(ctx, recipe, id)
	if err != nil {
		addRecipeError(diags, err)
		return
	}
	if !m.KID.IsUnknown() && m.KID.canonical() != string(built.KID) {
		diags.AddAttributeError(path.Root("kid"), "The image changed since the plan: plan again",
			fmt.Sprintf("The plan is for image %s, and the recipe now gives %s. A file that goes into it has changed.", keg.KID(m.KID.canonical()).Short(), built.KID.Short()))
		return
	}
	if err := r.upload(ctx, built.KID); err != nil {
		diags.AddError("The image cannot be uploaded", err.Error())
		return
	}
	m.observe(id, built)
	m.identity().set(ctx, name, diags)
	diags.Append(state.Set(ctx, m)...)
}

func (r *imageResource) upload(ctx context.Context, kid keg.KID) error {
	local, err := r.site.localKeg()
	if err != nil {
		return err
	}
	remote, err := r.site.siteKeg()
	if err != nil {
		return err
	}
	return images.Push(ctx, local, remote, kid, func(stage string) {
		r.site.log.InfoContext(ctx, stage, "image", kid.Short())
	})
}

func (r *imageResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m imageModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.identity().set(ctx, resp.Identity, &resp.Diagnostics)
	remote, err := r.site.siteKeg()
	if err != nil {
		addReadProblem(&resp.Diagnostics, fmt.Sprintf("image %s", m.Name.ValueString()), err)
		return
	}
	kid := keg.KID(m.KID.canonical())
	has, err := remote.Has(ctx, kid)
	switch {
	case err != nil:
		addReadProblem(&resp.Diagnostics, fmt.Sprintf("image %s", m.Name.ValueString()), err)
	case !has:
		resp.State.RemoveResource(ctx)
	case m.Name.IsNull():
		resp.Diagnostics.Append(r.adopt(ctx, remote, kid, &m)...)
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	}
}

func (r *imageResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {
	// The blobs stay: see the schema's description.
}
