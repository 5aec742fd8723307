package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

type gridappModel struct {
	Name        types.String   `tfsdk:"name"`
	Kernel      types.String   `tfsdk:"kernel"`
	Type        types.String   `tfsdk:"type"`
	Shards      types.Int64    `tfsdk:"shards"`
	SpreadHosts types.Bool     `tfsdk:"spread_hosts"`
	Hosts       types.List     `tfsdk:"hosts"`
	Merge       types.Object   `tfsdk:"merge"`
	KID         KID            `tfsdk:"kid"`
	State       types.String   `tfsdk:"state"`
	Output      types.String   `tfsdk:"output"`
	Outputs     types.List     `tfsdk:"outputs"`
	OutputKID   KID            `tfsdk:"output_kid"`
	Timeouts    timeouts.Value `tfsdk:"timeouts"`
	taskModel
}

// taskModel is what a shard and a merge have in common.
type taskModel struct {
	Command   types.String `tfsdk:"command"`
	Args      types.List   `tfsdk:"args"`
	Script    types.String `tfsdk:"script"`
	Artifacts types.Map    `tfsdk:"artifacts"`
	Env       types.Map    `tfsdk:"env"`
	CPU       types.Int64  `tfsdk:"cpu"`
	MemoryMB  types.Int64  `tfsdk:"memory_mb"`
}

func (m gridappModel) label() string { return fmt.Sprintf("cthulix_gridapp %q", m.Name.ValueString()) }

func taskAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"command": schema.StringAttribute{
			MarkdownDescription: "Program to run. With a `script`, its interpreter.",
			Optional:            true,
		},
		"args": schema.ListAttribute{
			MarkdownDescription: "Arguments of the program or the script.",
			ElementType:         types.StringType,
			Optional:            true,
		},
		"script": schema.StringAttribute{
			MarkdownDescription: "Text of a script to run, such as `file(\"count.sh\")`. It travels through the keg under its KID.",
			Optional:            true,
		},
		"artifacts": schema.MapAttribute{
			MarkdownDescription: "Local files that the task needs: their paths, by the path in its working directory.",
			ElementType:         types.StringType,
			Optional:            true,
		},
		"env": schema.MapAttribute{
			MarkdownDescription: "Environment variables.",
			ElementType:         types.StringType,
			Optional:            true,
		},
		"cpu": schema.Int64Attribute{
			MarkdownDescription: "Share of a processor, in MHz. Default: 50.",
			Optional:            true,
			Validators:          []validator.Int64{int64validator.AtLeast(1)},
		},
		"memory_mb": schema.Int64Attribute{
			MarkdownDescription: "Memory, in MB. Default: 64.",
			Optional:            true,
			Validators:          []validator.Int64{int64validator.AtLeast(10)},
		},
	}
}

// known tells whether all that makes up the spec is known.
func (m gridappModel) known(ctx context.Context) bool {
	t := m.taskModel
	for _, v := range []attr.Value{m.Name, m.Kernel, m.Type, m.Shards, m.SpreadHosts, m.Hosts, m.Merge, t.Command, t.Args, t.Script, t.Artifacts, t.Env, t.CPU, t.MemoryMB} {
		if !wholly(ctx, v) {
			return false
		}
	}
	return true
}

// work is a spec with the content that hosts fetch for it.
type work struct {
	spec  gridapp.Spec
	texts map[keg.KID]string // scripts
	files map[keg.KID]string // artifacts, by local path
}

// want returns the spec that m asks for. It reads the local files, whose
// content is a part of it.
func (m gridappModel) want(ctx context.Context, diags *diag.Diagnostics) work {
	w := work{texts: map[keg.KID]string{}, files: map[keg.KID]string{}}
	d := gridapp.DomainOf(m.Kernel.ValueString(), "")
	hosts := len(m.Hosts.Elements())
	w.spec = gridapp.Spec{
		Name: m.Name.ValueString(), Namespace: d.Namespace, NodePool: d.NodePool,
		Type: m.Type.ValueString(), Count: int(m.Shards.ValueInt64()),
		SpreadHosts: m.SpreadHosts.ValueBool() || m.SpreadHosts.IsNull() && hosts > 0 && int(m.Shards.ValueInt64()) <= hosts,
	}
	t := w.task(ctx, path.Empty(), m.taskModel, diags)
	w.spec.Command, w.spec.Script, w.spec.Args = t.Command, t.Script, t.Args
	w.spec.Artifacts, w.spec.Env = t.Artifacts, t.Env
	w.spec.CPU, w.spec.MemoryMB = t.CPU, t.MemoryMB
	if !m.Merge.IsNull() {
		var merge taskModel
		diags.Append(m.Merge.As(ctx, &merge, asGiven)...)
		t := w.task(ctx, path.Root("merge"), merge, diags)
		w.spec.Merge = &t
	}
	return w
}

// task turns one task into gridapp's words and notes what must be uploaded.
func (w work) task(ctx context.Context, at path.Path, m taskModel, diags *diag.Diagnostics) gridapp.Merge {
	t := gridapp.Merge{
		Command: m.Command.ValueString(),
		CPU:     int(m.CPU.ValueInt64()), MemoryMB: int(m.MemoryMB.ValueInt64()),
	}
	if !m.Script.IsNull() {
		text := m.Script.ValueString()
		t.Script = keg.Sum([]byte(text))
		w.texts[t.Script] = text
	}
	diags.Append(m.Args.ElementsAs(ctx, &t.Args, false)...)
	diags.Append(m.Env.ElementsAs(ctx, &t.Env, false)...)
	var artifacts map[string]string
	diags.Append(m.Artifacts.ElementsAs(ctx, &artifacts, false)...)
	if len(artifacts) > 0 {
		t.Artifacts = map[string]keg.KID{}
	}
	for _, dest := range slices.Sorted(maps.Keys(artifacts)) {
		kid, err := fileKID(artifacts[dest])
		if err != nil {
			diags.AddAttributeError(below(at, "artifacts").AtMapKey(dest), "The artefact cannot be read", err.Error())
			continue
		}
		t.Artifacts[dest] = kid
		w.files[kid] = artifacts[dest]
	}
	return t
}

// below returns an attribute of p, which may be the resource itself.
func below(p path.Path, name string) path.Path {
	if len(p.Steps()) == 0 {
		return path.Root(name)
	}
	return p.AtName(name)
}

// check reports what is wrong with the spec, at the attribute that says it.
func (w work) check(diags *diag.Diagnostics) {
	spec := w.spec
	if spec.KegURL == "" {
		spec.KegURL = "http://keg.invalid" // asked for only when it runs
	}
	err := spec.Validate()
	var field *gridapp.FieldError
	switch {
	case errors.As(err, &field):
		diags.AddAttributeError(gridappPath(field.Field), "The gridapp is not valid", fmt.Sprintf("%s %s.", field.Field, field.Problem))
	case err != nil:
		diags.AddError("The gridapp is not valid", err.Error())
	}
}

// gridappPath finds the attribute for a path of gridapp's, such as
// `merge.artifacts["x"]`.
func gridappPath(s string) path.Path {
	var p path.Path
	for s != "" {
		name, rest, _ := cutAny(s, ".[")
		if name == "count" {
			name = "shards" // Terraform keeps the word count for itself
		}
		p = below(p, name)
		if strings.HasPrefix(rest, "[") {
			key, more, _ := strings.Cut(rest[1:], "]")
			if strings.HasPrefix(key, `"`) {
				p = p.AtMapKey(strings.Trim(key, `"`))
			}
			rest = more
		}
		s = strings.TrimPrefix(rest, ".")
	}
	return p
}

// settled is the state of a gridapp with which all is well.
func (m gridappModel) settled() string {
	if m.Type.ValueString() == gridapp.Service {
		return gridapp.StateRunning
	}
	return gridapp.StateComplete
}

// observe notes what a run gave.
func (m *gridappModel) observe(ctx context.Context, r gridapp.Result, diags *diag.Diagnostics) {
	m.State = types.StringValue(r.State)
	m.Output = types.StringValue(r.Output)
	m.Outputs = listOf(ctx, types.StringType, r.Outputs, diags)
	m.OutputKID = noWord[kidKind]()
	if r.OutputKID != "" {
		m.OutputKID = wordOf[kidKind](string(r.OutputKID))
	}
}
