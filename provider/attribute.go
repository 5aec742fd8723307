package provider

import (
	"context"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// How attributes that may be left out turn into a wish and back.

// object reads the attributes of an object. What is null or unknown reads as
// nothing.
type object struct {
	said bool
	attr map[string]attr.Value
}

func fields(o types.Object) object {
	return object{said: !o.IsNull() && !o.IsUnknown(), attr: o.Attributes()}
}

func (o object) text(name string) string {
	s, _ := o.attr[name].(types.String)
	return s.ValueString()
}

func (o object) number(name string) int64 {
	n, _ := o.attr[name].(types.Int64)
	return n.ValueInt64()
}

func (o object) truth(name string) types.Bool {
	b, _ := o.attr[name].(types.Bool)
	return b
}

// toggle is a truth as a wish: what is not said is left alone.
func toggle(b types.Bool) fabric.Toggle {
	if b.IsNull() || b.IsUnknown() {
		return ""
	}
	return fabric.ToggleOf(b.ValueBool())
}

func toggleNot(b types.Bool) fabric.Toggle {
	if b.IsNull() || b.IsUnknown() {
		return ""
	}
	return fabric.ToggleOf(!b.ValueBool())
}

func truthOf(t, fallback fabric.Toggle) types.Bool {
	return types.BoolValue(t.Or(fallback) == fabric.Enable)
}

func orWord(s, fallback string) types.String {
	if s == "" {
		s = fallback
	}
	return types.StringValue(s)
}

func orNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// see notes what was seen, unless nobody speaks of it.
func see[V attr.Value](have *V, seen V) {
	if !(*have).IsNull() {
		*have = seen
	}
}

// seeText is see, and keeps the user's spelling of what was seen.
func seeText(have *types.String, seen types.String) {
	if !have.IsNull() && !sameWords(have.ValueString(), seen.ValueString()) {
		*have = seen
	}
}

// seeObject is see for all attributes of an object.
func seeObject(have, seen types.Object) types.Object {
	if have.IsNull() || have.IsUnknown() {
		return have
	}
	attributes := have.Attributes()
	for name, v := range attributes {
		now := seen.Attributes()[name]
		switch {
		case v.IsNull() && name != "max_milliwatts":
			// The mode of a port-channel is active where nobody says it.
			if mode, ok := now.(types.String); !ok || name != "mode" || mode.IsNull() || mode.ValueString() == string(fabric.ChannelActive) {
				continue
			}
		case !v.IsNull():
			if a, ok := v.(types.String); ok {
				if b, ok := now.(types.String); ok && sameWords(a.ValueString(), b.ValueString()) {
					continue
				}
			}
		}
		attributes[name] = now
	}
	return types.ObjectValueMust(have.AttributeTypes(context.Background()), attributes)
}

// sameWords compares words as a switch does, which writes 5 as 5.00, and its
// words in an order of its own.
func sameWords(a, b string) bool {
	key := func(s string) map[string]int {
		words := map[string]int{}
		for i, w := range strings.Fields(s) {
			at := 0
			if f, err := strconv.ParseFloat(w, 64); err == nil {
				w, at = strconv.FormatFloat(f, 'f', -1, 64), i
			}
			words[w] = at
		}
		return words
	}
	x, y := key(a), key(b)
	if len(x) != len(y) {
		return false
	}
	for w, at := range x {
		if other, there := y[w]; !there || other != at {
			return false
		}
	}
	return true
}
