package provider

import (
	"reflect"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// field is where a model keeps an attribute.
type field struct {
	attribute string
	index     []int
}

var fieldsOfModels sync.Map // reflect.Type → []field

// fieldsOf returns the fields of a model by the attributes that their tags name.
func fieldsOf(model reflect.Type) []field {
	if known, ok := fieldsOfModels.Load(model); ok {
		return known.([]field)
	}
	var fields []field
	for _, f := range reflect.VisibleFields(model) {
		if name, ok := f.Tag.Lookup("tfsdk"); ok && name != "-" {
			fields = append(fields, field{attribute: name, index: f.Index})
		}
	}
	fieldsOfModels.Store(model, fields)
	return fields
}

// fill sets a model's fields to an object's attributes, and reports false if the
// two do not match. The framework's own way compiles a regular expression for
// each field of each object, which is felt at a thousand ports.
func fill(model any, o types.Object) bool {
	v, attributes := reflect.ValueOf(model).Elem(), o.Attributes()
	fields := fieldsOf(v.Type())
	if len(fields) != len(attributes) {
		return false
	}
	for _, f := range fields {
		a, to := reflect.ValueOf(attributes[f.attribute]), v.FieldByIndex(f.index)
		if !a.IsValid() || !a.Type().AssignableTo(to.Type()) {
			return false
		}
		to.Set(a)
	}
	return true
}
