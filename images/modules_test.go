package images

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func set(deps map[string]modinfo, builtin ...string) moduleSet {
	s := moduleSet{modules: map[string]module{}, builtin: map[string]bool{}}
	for name, info := range deps {
		s.modules[name] = module{Path: "/lib/modules/1/" + name + ".ko", modinfo: info}
	}
	for _, b := range builtin {
		s.builtin[b] = true
	}
	return s
}

func TestModuleOrder(t *testing.T) {
	at := func(i int) string { return fmt.Sprintf("modules[%d]", i) }
	for name, c := range map[string]struct {
		set    moduleSet
		wanted []string
		want   string
	}{
		"depth first": {set(map[string]modinfo{"a": {Depends: []string{"b", "c"}}, "b": {Depends: []string{"d"}}, "c": {Depends: []string{"d"}}, "d": {}}), []string{"a"}, "d b c a"},
		"each once":   {set(map[string]modinfo{"a": {Depends: []string{"b"}}, "b": {}}), []string{"b", "a", "b"}, "b a"},
		"soft":        {set(map[string]modinfo{"a": {Pre: []string{"p", "gone"}, Post: []string{"q"}, Depends: []string{"b"}}, "b": {}, "p": {}, "q": {}}), []string{"a"}, "p b a q"},
		"soft circle": {set(map[string]modinfo{"a": {Pre: []string{"b"}}, "b": {Depends: []string{"c"}, Pre: []string{"a"}}, "c": {}}), []string{"a"}, "c b a"},
		"built in":    {set(map[string]modinfo{"a": {Depends: []string{"b"}}}, "b"), []string{"b", "a"}, "a"},
		"dashes":      {set(map[string]modinfo{"a_b": {}}), []string{"a-b"}, "a_b"},
		"nothing":     {set(nil), nil, ""},
	} {
		order, err := c.set.order(c.wanted, at)
		if got := strings.Join(moduleNames(order), " "); err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
	if _, err := set(map[string]modinfo{"a": {Depends: []string{"b"}}, "b": {Depends: []string{"a"}}}).order([]string{"a"}, at); err == nil || !strings.Contains(err.Error(), "a → b → a") {
		t.Errorf("a circle: %v", err)
	}
	_, err := set(map[string]modinfo{"e1000": {}}).order([]string{"e1000", "e100", "zzz"}, at)
	if want := "modules[1]: this kernel has no module \"e100\": did you mean \"e1000\"?\nmodules[2]: this kernel has no module \"zzz\""; err == nil || err.Error() != want {
		t.Errorf("unknown modules: %v\nwant %s", err, want)
	}
}

func TestModinfo(t *testing.T) {
	m, err := readModinfo(fakeModule("license=GPL", "depends=a-b,c", "softdep=pre: x-y post: z w", "depends=", "softdep=stray"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.Depends, []string{"a_b", "c"}) || !slices.Equal(m.Pre, []string{"x_y"}) || !slices.Equal(m.Post, []string{"z", "w"}) {
		t.Errorf("%+v", m)
	}
	for _, b := range [][]byte{nil, []byte("text"), fakeProgram("")} {
		if _, err := readModinfo(b); err == nil {
			t.Errorf("%.20q has no .modinfo, and no error", b)
		}
	}
	for file, want := range map[string]string{"/x/virtio-net.ko": "virtio_net", "a.ko.xz": "a", "a.ko.zst": "a", "a.ko.gz": "a", "a.kobold": "", "modules.dep": ""} {
		if got := nameOfModuleFile(file); got != want {
			t.Errorf("%s is module %q, want %q", file, got, want)
		}
	}
}
