package provider

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/cthulix/terraform-provider-cthulix/provider/internal/wire"
)

// open returns a resource's attributes, unless there is none.
func open(v *tfprotov6.DynamicValue) (wire.Object, bool) {
	if v == nil || len(v.MsgPack) == 0 {
		return nil, false
	}
	o, err := wire.Decode(string(v.MsgPack))
	return o, err == nil
}

func closed(o wire.Object) *tfprotov6.DynamicValue {
	return &tfprotov6.DynamicValue{MsgPack: []byte(o.Encode())}
}

// take takes the elements of an attribute that are the same in all values.
func (c *carried) take(attribute string, values ...wire.Object) {
	all := make([]wire.Object, len(values))
	for i, v := range values {
		var err error
		if all[i], err = wire.Decode(v[attribute]); err != nil {
			return // null, unknown or nothing that the framework would take either
		}
	}
	same := map[string]string{}
	for key, encoding := range all[0] {
		for _, other := range all[1:] {
			if other[key] != encoding {
				encoding = ""
			}
		}
		if encoding != "" {
			same[key] = encoding
		}
	}
	if len(same) == 0 {
		return
	}
	for i, v := range values {
		for key := range same {
			delete(all[i], key)
		}
		v[attribute] = all[i].Encode()
	}
	c.elements[attribute] = same
}

// takeSaved takes all elements of an attribute out of a saved state.
func (c *carried) takeSaved(attribute string, state map[string]json.RawMessage, element tftypes.Type) {
	var saved map[string]json.RawMessage
	if json.Unmarshal(state[attribute], &saved) != nil || len(saved) == 0 {
		return
	}
	all := make(map[string]string, len(saved))
	for key, text := range saved {
		v, err := (&tfprotov6.RawState{JSON: text}).UnmarshalWithOpts(element,
			tfprotov6.UnmarshalOpts{ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true}})
		if err != nil {
			return // the framework says what is wrong with it
		}
		encoded, err := tfprotov6.NewDynamicValue(element, v)
		if err != nil {
			return
		}
		all[key] = string(encoded.MsgPack)
	}
	state[attribute] = json.RawMessage("{}")
	c.elements[attribute] = all
}

// takeRepeated takes the elements of an attribute of which each value is in an
// element that stays.
func (c *carried) takeRepeated(attribute string, config wire.Object, unchecked map[string]bool) {
	all, err := wire.Decode(config[attribute])
	if err != nil {
		return
	}
	repeated, seen := map[string]string{}, map[[2]string]bool{}
	for key, encoding := range all {
		element, err := wire.Decode(encoding)
		if err != nil {
			continue
		}
		stays := false
		for name, v := range element {
			value := [2]string{name, v}
			stays = stays || !unchecked[name] && !seen[value]
			seen[value] = true
		}
		if !stays {
			repeated[key] = encoding
			delete(all, key)
		}
	}
	if len(repeated) == 0 {
		return
	}
	config[attribute] = all.Encode()
	c.elements[attribute] = repeated
}

// rejoin puts back what is still carried.
func (c *carried) rejoin(v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
	if v == nil {
		return nil, nil
	}
	o, err := wire.Decode(string(v.MsgPack))
	if errors.Is(err, wire.ErrNoObject) {
		return v, nil // the resource is gone
	}
	if err != nil {
		return nil, fmt.Errorf("the plugin framework's answer: %w", err)
	}
	for attribute, carried := range c.elements {
		elements, err := wire.Decode(o[attribute])
		if err != nil {
			return nil, fmt.Errorf("the plugin framework's answer: %s: %w", attribute, err)
		}
		for key, encoding := range carried {
			elements[key] = encoding
		}
		o[attribute] = elements.Encode()
	}
	return closed(o), nil
}
