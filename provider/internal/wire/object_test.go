package wire

import (
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

var nested = tftypes.Object{AttributeTypes: map[string]tftypes.Type{
	"name": tftypes.String,
	"many": tftypes.Map{ElementType: tftypes.Object{AttributeTypes: map[string]tftypes.Type{"n": tftypes.Number, "on": tftypes.Bool}}},
	"list": tftypes.List{ElementType: tftypes.String},
}}

func encoded(t testing.TB, v tftypes.Value) string {
	t.Helper()
	dv, err := tfprotov6.NewDynamicValue(nested, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(dv.MsgPack)
}

func some(name any, keys ...string) tftypes.Value {
	many := nested.AttributeTypes["many"].(tftypes.Map)
	elements := map[string]tftypes.Value{}
	for i, key := range keys {
		elements[key] = tftypes.NewValue(many.ElementType, map[string]tftypes.Value{
			"n": tftypes.NewValue(tftypes.Number, i*1000), "on": tftypes.NewValue(tftypes.Bool, nil),
		})
	}
	return tftypes.NewValue(nested, map[string]tftypes.Value{
		"name": tftypes.NewValue(tftypes.String, name),
		"many": tftypes.NewValue(many, elements),
		"list": tftypes.NewValue(nested.AttributeTypes["list"], []tftypes.Value{tftypes.NewValue(tftypes.String, "x")}),
	})
}

// What is decoded and encoded again is what Terraform's own library reads as
// the same value.
func TestAgain(t *testing.T) {
	for name, v := range map[string]tftypes.Value{
		"small":   some("leaf1", "a", "b"),
		"empty":   some("leaf1"),
		"unknown": some(tftypes.UnknownValue, "a"),
		"large":   some(strings.Repeat("x", 70000), strings.Split(strings.Repeat("k,", 40)+"l", ",")...),
	} {
		o, err := Decode(encoded(t, v))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		many, err := Decode(o["many"])
		if err != nil {
			t.Fatalf("%s: many: %v", name, err)
		}
		o["many"] = many.Encode()
		again, err := tfprotov6.DynamicValue{MsgPack: []byte(o.Encode())}.Unmarshal(nested)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !again.Equal(v) {
			t.Errorf("%s: %v became %v", name, v, again)
		}
	}
}

func TestNoObject(t *testing.T) {
	for name, b := range map[string]string{
		"null": encoded(t, tftypes.NewValue(nested, nil)), "unknown": encoded(t, tftypes.NewValue(nested, tftypes.UnknownValue)), "text": "\xa1x",
	} {
		if o, err := Decode(b); !errors.Is(err, ErrNoObject) {
			t.Errorf("%s: %v, %v, want ErrNoObject", name, o, err)
		}
	}
	whole := encoded(t, some("leaf1", "a"))
	for n := range len(whole) {
		if o, err := Decode(whole[:n]); err == nil {
			t.Errorf("the first %d bytes are read as %v", n, o)
		}
	}
	if o, err := Decode(whole + "\xc0"); err == nil {
		t.Errorf("a byte too many is read as %v", o)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encoded(f, some("leaf1", "a", "b")))
	f.Add(encoded(f, some(tftypes.UnknownValue)))
	f.Add("\xdf\xff\xff\xff\xff")
	f.Fuzz(func(t *testing.T, b string) {
		o, err := Decode(b)
		if err != nil {
			return
		}
		again, err := Decode(o.Encode())
		if err != nil {
			t.Fatalf("%q became %q: %v", b, o.Encode(), err)
		}
		for name, v := range o {
			if again[name] != v {
				t.Fatalf("%q: %q became %q", name, v, again[name])
			}
		}
	})
}
