package provider

import (
	"context"
	"reflect"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// carried are elements of a resource's maps that go round the plugin framework:
// their resource finds them in its context. The framework walks each value a
// dozen times a call and copies the schema at every leaf, which took most of
// the time of planning a switch with 48 ports of which none had changed.
type carried struct {
	// config is the whole configuration, as it came.
	config string
	// elements are as they came, by attribute and key. Reading a resource takes
	// those out that it finds changed.
	elements map[string]map[string]string
	decoded  *sync.Map // decodedKey → model
}

type decodedKey struct {
	model    reflect.Type
	encoding string
}

type carriedKey struct{}

func (c *carried) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, carriedKey{}, c)
}

// carriedBy returns what ctx carries. Its maps are nil if that is nothing.
func carriedBy(ctx context.Context) *carried {
	if c, ok := ctx.Value(carriedKey{}).(*carried); ok {
		return c
	}
	return &carried{}
}

// elementsOf reads and writes the elements of a map attribute, wherever they are.
type elementsOf[E any] struct {
	attribute string
	typ       types.ObjectType
}

// known returns the elements that are known.
func (e elementsOf[E]) known(ctx context.Context, m types.Map, diags *diag.Diagnostics) map[string]E {
	c := carriedBy(ctx)
	out := make(map[string]E, len(c.elements[e.attribute]))
	for key, v := range m.Elements() {
		o, ok := v.(types.Object)
		if !ok || o.IsUnknown() || o.IsNull() {
			continue
		}
		out[key] = e.model(ctx, o, diags)
	}
	for key, encoding := range c.elements[e.attribute] {
		out[key] = e.decode(ctx, c, encoding, diags)
	}
	return out
}

// names returns the keys of all elements.
func (e elementsOf[E]) names(ctx context.Context, m types.Map) map[string]bool {
	out := map[string]bool{}
	for key := range m.Elements() {
		out[key] = true
	}
	for key := range carriedBy(ctx).elements[e.attribute] {
		out[key] = true
	}
	return out
}

// observe has see note what was seen of each element, and drops those of which
// see says that they are not there. What is as it was stays carried.
func (e elementsOf[E]) observe(ctx context.Context, m *types.Map, see func(key string, v *E) (there bool), diags *diag.Diagnostics) {
	if m.IsNull() {
		return
	}
	c := carriedBy(ctx)
	seen := map[string]E{}
	for key, v := range e.known(ctx, *m, diags) {
		encoding, isCarried := c.elements[e.attribute][key]
		there := see(key, &v)
		if isCarried && there && reflect.DeepEqual(v, e.decode(ctx, c, encoding, diags)) {
			continue
		}
		delete(c.elements[e.attribute], key)
		if there {
			seen[key] = v
		}
	}
	*m = mapOf(ctx, e.typ, seen, diags)
}

func (e elementsOf[E]) decode(ctx context.Context, c *carried, encoding string, diags *diag.Diagnostics) E {
	key := decodedKey{model: reflect.TypeFor[E](), encoding: encoding}
	if v, ok := c.decoded.Load(key); ok {
		return v.(E)
	}
	var none E
	raw, err := tfprotov6.DynamicValue{MsgPack: []byte(encoding)}.Unmarshal(e.typ.TerraformType(ctx))
	if err != nil {
		diags.AddError("An element of "+e.attribute+" cannot be read", err.Error())
		return none
	}
	v, err := e.typ.ValueFromTerraform(ctx, raw)
	if err != nil {
		diags.AddError("An element of "+e.attribute+" cannot be read", err.Error())
		return none
	}
	o, ok := v.(types.Object)
	if !ok || o.IsNull() {
		return none
	}
	model := e.model(ctx, o, diags)
	c.decoded.Store(key, model)
	return model
}

func (e elementsOf[E]) model(ctx context.Context, o types.Object, diags *diag.Diagnostics) E {
	var v E
	if !fill(&v, o) {
		diags.Append(o.As(ctx, &v, asGiven)...)
	}
	return v
}
