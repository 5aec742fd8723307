package twin

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// shrink drops from a failing pair what it can fail without, for as many tries
// as a developer waits for.
func (p pair) shrink(err error) (pair, error) {
	const most = 20_000
	tries := 0
	fails := func(smaller pair) bool {
		tries++
		_, e := smaller.try(asIs)
		if e == nil || errors.Is(e, errImpossible) || tries > most {
			return false
		}
		p, err = smaller, e
		return true
	}
	for again := true; again && tries <= most; {
		again = false
		for _, smaller := range p.smaller() {
			if again = fails(smaller); again {
				break
			}
		}
	}
	return p, err
}

// smaller are the pairs that have one thing less, the greatest first.
func (p pair) smaller() []pair {
	var out []pair
	with := func(change func(*pair)) {
		q := p
		q.blocks, q.vlans = slices.Clone(p.blocks), maps.Clone(p.vlans)
		change(&q)
		out = append(out, q)
	}
	if p.via != nil {
		with(func(q *pair) { q.via = nil })
	}
	for i := range p.blocks {
		with(func(q *pair) { q.blocks = slices.Delete(q.blocks, i, i+1) })
	}
	for _, w := range lesser(p.b) {
		with(func(q *pair) { q.b = w })
	}
	if p.via != nil {
		for _, w := range lesser(*p.via) {
			with(func(q *pair) { q.via = &w })
		}
	}
	for id := range p.vlans {
		with(func(q *pair) { delete(q.vlans, id) })
		if p.vlans[id].State != "" {
			with(func(q *pair) { q.vlans[id] = fabric.VLAN{ID: id, Name: q.vlans[id].Name} })
		}
	}
	for i, k := range p.blocks {
		for n := range k.lines {
			with(func(q *pair) { q.blocks[i].lines = slices.Delete(slices.Clone(k.lines), n, n+1) })
		}
	}
	if p.mode != plain {
		with(func(q *pair) { q.mode = plain })
	}
	return out
}

// lesser are the wants that ask for one thing less. It walks the fields by
// reflection, so that none that is added later is forgotten.
func lesser(w fabric.Want) []fabric.Want {
	var out []fabric.Want
	without := func(at []any) {
		c := deepCopy(reflect.ValueOf(w)).Interface().(fabric.Want)
		drop(reflect.ValueOf(&c).Elem(), at)
		out = append(out, c)
	}
	for _, at := range places(reflect.ValueOf(w), nil) {
		without(at)
	}
	slices.SortStableFunc(out, func(a, b fabric.Want) int { return len(dump(reflect.ValueOf(a))) - len(dump(reflect.ValueOf(b))) })
	return out
}

// places are the ways to what could be left out: names of fields, keys of maps
// and indices.
func places(v reflect.Value, at []any) [][]any {
	var out [][]any
	into := func(v reflect.Value, step any) {
		way := append(slices.Clone(at), step)
		out = append(out, way)
		out = append(out, places(v, way)...)
	}
	switch {
	case v.Kind() == reflect.Map:
		for _, k := range v.MapKeys() {
			into(v.MapIndex(k), k.Interface())
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			into(v.Index(i), i)
		}
	case v.Kind() == reflect.Pointer && !v.IsNil() && open(v.Elem()):
		out = places(v.Elem(), at)
	case open(v):
		for i := range v.NumField() {
			if !v.Field(i).IsZero() {
				into(v.Field(i), v.Type().Field(i).Name)
			}
		}
	}
	return out
}

// open says whether a value is made of fields that can be set one by one.
func open(v reflect.Value) bool {
	if v.Kind() != reflect.Struct {
		return false
	}
	for i := range v.NumField() {
		if !v.Type().Field(i).IsExported() {
			return false
		}
	}
	return true
}

// drop leaves out what is at a place of a value that can be set.
func drop(v reflect.Value, at []any) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch step := at[0]; v.Kind() {
	case reflect.Map:
		key := reflect.ValueOf(step)
		if len(at) == 1 {
			v.SetMapIndex(key, reflect.Value{})
			return
		}
		c := reflect.New(v.Type().Elem()).Elem()
		c.Set(v.MapIndex(key))
		drop(c, at[1:])
		v.SetMapIndex(key, c)
	case reflect.Slice:
		i := step.(int)
		if len(at) == 1 {
			v.Set(reflect.AppendSlice(v.Slice(0, i), v.Slice(i+1, v.Len())))
			return
		}
		drop(v.Index(i), at[1:])
	default:
		f := v.FieldByName(step.(string))
		if len(at) == 1 {
			f.SetZero()
			return
		}
		drop(f, at[1:])
	}
}

// deepCopy is a value that shares nothing that can be changed.
func deepCopy(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	switch {
	case v.Kind() == reflect.Map && !v.IsNil():
		c.Set(reflect.MakeMap(v.Type()))
		for _, k := range v.MapKeys() {
			c.SetMapIndex(k, deepCopy(v.MapIndex(k)))
		}
	case v.Kind() == reflect.Slice && !v.IsNil():
		c.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			c.Index(i).Set(deepCopy(v.Index(i)))
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		c.Set(reflect.New(v.Type().Elem()))
		c.Elem().Set(deepCopy(v.Elem()))
	case open(v):
		for i := range v.NumField() {
			c.Field(i).Set(deepCopy(v.Field(i)))
		}
	default:
		c.Set(v)
	}
	return c
}

func clone(w fabric.Want) fabric.Want {
	return deepCopy(reflect.ValueOf(w)).Interface().(fabric.Want)
}

// dump writes what a value holds, and tells an empty list from none.
func dump(v reflect.Value) string {
	var parts []string
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return "&" + dump(v.Elem())
	case v.Kind() == reflect.Map:
		for _, k := range v.MapKeys() {
			parts = append(parts, fmt.Sprintf("%v: %s", k, dump(v.MapIndex(k))))
		}
		slices.Sort(parts)
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			parts = append(parts, dump(v.Index(i)))
		}
	case open(v):
		for i := range v.NumField() {
			if !v.Field(i).IsZero() {
				parts = append(parts, v.Type().Field(i).Name+": "+dump(v.Field(i)))
			}
		}
	case v.Kind() == reflect.String:
		return strconv.Quote(v.String())
	default:
		return fmt.Sprint(v)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// leaveOut takes out of a want what an error's path leads to.
func leaveOut(w *fabric.Want, path []string) {
	id := 0
	if len(path) > 1 {
		id, _ = strconv.Atoi(path[1])
	}
	other := func(n int) bool { return n == id }
	switch path[0] {
	case "ports":
		delete(w.Ports, path[1])
		delete(w.Restore, path[1])
	case "vlans":
		delete(w.VLANs, id)
		w.AbsentVLANs = slices.DeleteFunc(w.AbsentVLANs, other)
	case "absent_vlans":
		w.AbsentVLANs = slices.DeleteFunc(w.AbsentVLANs, other)
	case "absent_channels":
		w.AbsentChannels = slices.DeleteFunc(w.AbsentChannels, other)
	case "svis":
		delete(w.SVIs, id)
	case "absent_svis":
		w.AbsentSVIs = slices.DeleteFunc(w.AbsentSVIs, other)
	default:
		w.Global = fabric.Global{}
	}
}
