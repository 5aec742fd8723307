package provider

import (
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// Elements may go round the plugin framework as long as it has nothing to do
// with them but to check each value by itself.
func TestCarriedElementsAreAsConfigured(t *testing.T) {
	var sw resource.SchemaResponse
	newSwitchResource().Schema(t.Context(), resource.SchemaRequest{}, &sw)
	if sw.Schema.Version != 0 {
		t.Error("the schema has versions")
	}
	carrying, err := New("test")
	if err != nil {
		t.Fatal(err)
	}
	for name := range carrying.(*server).maps["cthulix_switch"] {
		m := sw.Schema.Attributes[name].(schema.MapNestedAttribute)
		if len(m.Validators)+len(m.PlanModifiers)+len(m.NestedObject.Validators)+len(m.NestedObject.PlanModifiers) > 0 || m.Computed || m.Default != nil {
			t.Errorf("%s: the framework does more with it than to check its values", name)
		}
		plainAttributes(t, name, m.NestedObject.Attributes)
	}
}

func plainAttributes(t *testing.T, at string, attributes map[string]schema.Attribute) {
	t.Helper()
	for name, a := range attributes {
		v := reflect.ValueOf(a)
		if a.IsComputed() || v.FieldByName("PlanModifiers").Len() > 0 || !v.FieldByName("Default").IsZero() {
			t.Errorf("%s.%s: it has a computed value, a default or a plan modifier", at, name)
		}
		if nested, ok := a.(schema.SingleNestedAttribute); ok {
			plainAttributes(t, at+"."+name, nested.Attributes)
		}
	}
}
