package provider

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/attr/xattr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// A word is a string attribute that can be spelt in several ways: "AA" and "aa"
// are one MAC address, "1,2,3" and "1-3" one set of VLANs. State keeps the
// user's spelling, and what a device says in its own spelling is no drift.

// kind tells words apart and knows their one canonical spelling.
type kind interface {
	canonical(string) (string, error)
	kind() string
}

type (
	macKind  struct{}
	vlanKind struct{}
	portKind struct{}
	kidKind  struct{}

	// MAC is an Ethernet address.
	MAC = word[macKind]
	// VLANList is a set of VLANs as a switch writes it, "1,10-12", "all" or "none".
	VLANList = word[vlanKind]
	// PortName is the name of a switch port, whole or abbreviated.
	PortName = word[portKind]
	// KID is the name of a thing by its content.
	KID = word[kidKind]
)

var (
	// MACType is the type of MAC attributes.
	MACType = wordType[macKind]{}
	// VLANListType is the type of VLANList attributes.
	VLANListType = wordType[vlanKind]{}
	// PortNameType is the type of PortName attributes.
	PortNameType = wordType[portKind]{}
	// KIDType is the type of KID attributes.
	KIDType = wordType[kidKind]{}
)

func (macKind) kind() string { return "MAC address" }

func (macKind) canonical(s string) (string, error) {
	hw, err := net.ParseMAC(s)
	switch {
	case err != nil || len(hw) != 6:
		return "", fmt.Errorf("%q is no MAC address: write six octets, such as 52:54:00:12:34:56", s)
	case hw[0]&1 == 1:
		return "", fmt.Errorf("%q is a group address: a network card has an individual one", s)
	case strings.Trim(hw.String(), "0:") == "":
		return "", fmt.Errorf("%q is all zeros, which no network card has", s)
	}
	return hw.String(), nil
}

func (vlanKind) kind() string { return "VLAN list" }

func (vlanKind) canonical(s string) (string, error) {
	set, err := fabric.ParseVLANSet(s)
	if err != nil {
		return "", err
	}
	return set.String(), nil
}

func (portKind) kind() string { return "port name" }

func (portKind) canonical(s string) (string, error) { return fabric.NormalizePort("", s) }

func (kidKind) kind() string { return "KID" }

func (kidKind) canonical(s string) (string, error) {
	k, err := keg.Parse(s)
	return string(k), err
}

type wordType[K kind] struct{ basetypes.StringType }

func (t wordType[K]) String() string {
	var k K
	return k.kind()
}

func (t wordType[K]) Equal(o attr.Type) bool {
	_, ok := o.(wordType[K])
	return ok
}

func (t wordType[K]) ValueFromString(_ context.Context, in basetypes.StringValue) (basetypes.StringValuable, diag.Diagnostics) {
	return word[K]{in}, nil
}

func (t wordType[K]) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	v, err := t.StringType.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	s, ok := v.(basetypes.StringValue)
	if !ok {
		return nil, fmt.Errorf("a %s came as %T", t, v)
	}
	return word[K]{s}, nil
}

func (t wordType[K]) ValueType(context.Context) attr.Value { return word[K]{} }

type word[K kind] struct{ basetypes.StringValue }

// wordOf returns a known word.
func wordOf[K kind](s string) word[K] { return word[K]{basetypes.NewStringValue(s)} }

// noWord returns a null word.
func noWord[K kind]() word[K] { return word[K]{basetypes.NewStringNull()} }

func (w word[K]) Type(context.Context) attr.Type { return wordType[K]{} }

func (w word[K]) Equal(o attr.Value) bool {
	other, ok := o.(word[K])
	return ok && w.StringValue.Equal(other.StringValue)
}

// StringSemanticEquals implements basetypes.StringValuableWithSemanticEquals.
func (w word[K]) StringSemanticEquals(_ context.Context, o basetypes.StringValuable) (bool, diag.Diagnostics) {
	other, ok := o.(word[K])
	return ok && w.canonical() == other.canonical(), nil
}

// ValidateAttribute implements xattr.ValidateableAttribute.
func (w word[K]) ValidateAttribute(_ context.Context, req xattr.ValidateAttributeRequest, resp *xattr.ValidateAttributeResponse) {
	if w.IsNull() || w.IsUnknown() {
		return
	}
	var k K
	if _, err := k.canonical(w.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Not a "+k.kind(), err.Error())
	}
}

// canonical returns the one spelling of what w means, or w as it is where it
// means nothing.
func (w word[K]) canonical() string {
	var k K
	if c, err := k.canonical(w.ValueString()); err == nil {
		return c
	}
	return w.ValueString()
}
