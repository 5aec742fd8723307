package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

var _ provider.ProviderWithFunctions = (*cthulix)(nil)

// Functions are pure: they work without any configuration of the provider.
func (p *cthulix) Functions(context.Context) []func() function.Function {
	vlans := function.StringParameter{
		Name:                "vlans",
		MarkdownDescription: "A set of VLANs in any spelling: `1,3-5`, `all`, `none`.",
	}
	name := function.StringParameter{
		Name:                "name",
		MarkdownDescription: "The name of a port in any spelling: `gi1/0/1`, `Gig 1/0/1`, `GigabitEthernet1/0/1`.",
	}
	return []func() function.Function{
		pure("vlans_expand", "Numbers of a set of VLANs",
			"Turns a set of VLANs into the list of their numbers, in order. `all` is 1 to 4094.",
			function.ListReturn{ElementType: types.Int64Type}, expandVLANs, vlans),
		pure("vlans_normalize", "A set of VLANs in one spelling",
			"Turns any spelling of a set of VLANs into the one that switches use: `5,3,4,1` becomes `1,3-5`.",
			function.StringReturn{}, normalizeVLANs, vlans),
		pure("vlans_contains", "Whether a VLAN is in a set",
			"Tells whether a VLAN is in a set of VLANs.",
			function.BoolReturn{}, containsVLAN, vlans,
			function.Int64Parameter{Name: "vlan", MarkdownDescription: "The number of a VLAN."}),
		pure("interface_name", "Whole name of a port",
			"Turns any spelling of a port into its whole name, as the running configuration has it: `gi1/0/1` becomes `GigabitEthernet1/0/1`.",
			function.StringReturn{}, interfaceName, name),
		pure("interface_short", "Short name of a port",
			"Turns any spelling of a port into its abbreviation, as the tables of a switch have it: `GigabitEthernet1/0/1` becomes `Gi1/0/1`.",
			function.StringReturn{}, interfaceShort, name),
	}
}

// pureFunction is a provider function: what it is called, and what it does.
type pureFunction struct {
	name       string
	definition function.Definition
	run        func(context.Context, function.ArgumentsData) (attr.Value, *function.FuncError)
}

func pure(name, summary, text string, result function.Return, run func(context.Context, function.ArgumentsData) (attr.Value, *function.FuncError), parameters ...function.Parameter) func() function.Function {
	f := &pureFunction{name: name, run: run, definition: function.Definition{
		Summary: summary, MarkdownDescription: text, Parameters: parameters, Return: result,
	}}
	return func() function.Function { return f }
}

func (f *pureFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = f.name
}

func (f *pureFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = f.definition
}

func (f *pureFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	v, err := f.run(ctx, req.Arguments)
	if err != nil {
		resp.Error = err
		return
	}
	resp.Error = resp.Result.Set(ctx, v)
}

// vlansOf reads the first argument, and what follows it into more.
func vlansOf(ctx context.Context, args function.ArgumentsData, more ...any) (fabric.VLANSet, *function.FuncError) {
	var text string
	if err := args.Get(ctx, append([]any{&text}, more...)...); err != nil {
		return fabric.VLANSet{}, err
	}
	set, err := fabric.ParseVLANSet(text)
	if err != nil {
		return set, function.NewArgumentFuncError(0, err.Error())
	}
	return set, nil
}

func expandVLANs(ctx context.Context, args function.ArgumentsData) (attr.Value, *function.FuncError) {
	set, err := vlansOf(ctx, args)
	if err != nil {
		return nil, err
	}
	ids := []attr.Value{}
	for id := range set.All() {
		ids = append(ids, types.Int64Value(int64(id)))
	}
	return types.ListValueMust(types.Int64Type, ids), nil
}

func normalizeVLANs(ctx context.Context, args function.ArgumentsData) (attr.Value, *function.FuncError) {
	set, err := vlansOf(ctx, args)
	return types.StringValue(set.String()), err
}

func containsVLAN(ctx context.Context, args function.ArgumentsData) (attr.Value, *function.FuncError) {
	var id int64
	set, err := vlansOf(ctx, args, &id)
	if err == nil && (id < fabric.MinVLAN || id > fabric.MaxVLAN) {
		err = function.NewArgumentFuncError(1, vlanProblem(id))
	}
	if err != nil {
		return nil, err
	}
	return types.BoolValue(set.Contains(int(id))), nil
}

func interfaceName(ctx context.Context, args function.ArgumentsData) (attr.Value, *function.FuncError) {
	var text string
	if err := args.Get(ctx, &text); err != nil {
		return nil, err
	}
	name, err := fabric.NormalizePort("", text)
	if err != nil {
		return nil, function.NewArgumentFuncError(0, err.Error())
	}
	return types.StringValue(name), nil
}

func interfaceShort(ctx context.Context, args function.ArgumentsData) (attr.Value, *function.FuncError) {
	name, err := interfaceName(ctx, args)
	if err != nil {
		return nil, err
	}
	s, _ := name.(types.String)
	return types.StringValue(fabric.ShortPort(s.ValueString())), nil
}
