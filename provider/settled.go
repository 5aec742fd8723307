package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// The framework works out the type of a nested attribute anew for every leaf
// below it, which took most of the time of planning a switch with 48 ports. A
// type that is given is taken as it is.

// settledMap returns a map of nested objects whose type is worked out once.
func settledMap(a schema.MapNestedAttribute) schema.MapNestedAttribute {
	object := types.ObjectType{AttrTypes: schema.SingleNestedAttribute{Attributes: a.NestedObject.Attributes}.GetType().(types.ObjectType).AttrTypes}
	a.NestedObject.CustomType = object
	a.CustomType = types.MapType{ElemType: object}
	return a
}

// settledObject returns a nested object whose type is worked out once.
func settledObject(a schema.SingleNestedAttribute) schema.SingleNestedAttribute {
	a.CustomType = a.GetType().(types.ObjectType)
	return a
}
