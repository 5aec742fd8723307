package fabric

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Part is one of several wants for one switch that may share a transaction.
type Part struct {
	Want Want
	// Fingerprint, if set, is the state of the want's scope that it was planned
	// from, see ScopeFingerprint.
	Fingerprint string
}

// MergeWants joins wants for one switch into one. Wants that name the same
// thing must say the same of it: a *MergeError says where they do not.
func MergeWants(wants ...Want) (Want, error) {
	var out Want
	for _, w := range wants {
		if err := merge(reflect.ValueOf(&out).Elem(), reflect.ValueOf(w), ""); err != nil {
			return Want{}, err
		}
	}
	return out, disagreement(out)
}

// MergeError says that two wants ask for different things.
type MergeError struct{ What string }

func (e *MergeError) Error() string {
	return "two wants disagree on " + e.What + ": let one of them go"
}

// merge puts src into dst field by field. It walks the fields of a Want by
// reflection, so that none that is added later can be forgotten.
func merge(dst, src reflect.Value, at string) error {
	switch {
	case src.IsZero():
		return nil
	case src.Kind() == reflect.Map:
		return mergeMap(dst, src, at)
	case src.Kind() == reflect.Struct && open(src.Type()):
		for i := range src.NumField() {
			if err := merge(dst.Field(i), src.Field(i), join(at, src.Type().Field(i).Name)); err != nil {
				return err
			}
		}
		return nil
	case src.Kind() == reflect.Slice && src.Type().Elem().Kind() == reflect.Int:
		ids := append(slices.Clone(dst.Interface().([]int)), src.Interface().([]int)...)
		slices.Sort(ids)
		dst.Set(reflect.ValueOf(slices.Compact(ids)))
		return nil
	case dst.IsZero():
		dst.Set(src)
		return nil
	case reflect.DeepEqual(dst.Interface(), src.Interface()):
		return nil
	}
	return &MergeError{at}
}

func mergeMap(dst, src reflect.Value, at string) error {
	if dst.IsNil() {
		dst.Set(reflect.MakeMapWithSize(dst.Type(), src.Len()))
	}
	for iter := src.MapRange(); iter.Next(); {
		key, value := iter.Key(), iter.Value()
		have := dst.MapIndex(key)
		if have.IsValid() && !reflect.DeepEqual(have.Interface(), value.Interface()) {
			return &MergeError{fmt.Sprintf("%s[%v]", at, key)}
		}
		dst.SetMapIndex(key, value)
	}
	return nil
}

// open says whether a struct is made of fields that anybody can set, and is not
// a value with a representation of its own, such as a VLAN set.
func open(t reflect.Type) bool {
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			return false
		}
	}
	return t.NumField() > 0
}

func join(at, field string) string { return strings.TrimPrefix(at+"."+field, ".") }

// disagreement finds what a joined want asks to be there and not to be there.
func disagreement(w Want) error {
	for _, id := range w.AbsentVLANs {
		if _, both := w.VLANs[id]; both {
			return &MergeError{fmt.Sprintf("whether VLAN %d is there", id)}
		}
	}
	for _, id := range w.AbsentSVIs {
		if _, both := w.SVIs[id]; both {
			return &MergeError{fmt.Sprintf("whether interface Vlan%d is there", id)}
		}
	}
	for _, id := range w.AbsentChannels {
		if _, both := w.Ports[fmt.Sprintf("Port-channel%d", id)]; both {
			return &MergeError{fmt.Sprintf("whether Port-channel%d is there", id)}
		}
	}
	for name := range w.Restore {
		if _, both := w.Ports[name]; both {
			return &MergeError{name}
		}
	}
	for id := range w.SVIs {
		if _, both := w.Restore[fmt.Sprintf("Vlan%d", id)]; both {
			return &MergeError{fmt.Sprintf("interface Vlan%d", id)}
		}
	}
	return nil
}
