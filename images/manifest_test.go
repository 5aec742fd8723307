package images

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

func TestPush(t *testing.T) {
	_, kid, from := fakeBuild(t, fakeRecipe(t, t.TempDir()))
	to, err := keg.OpenDir(filepath.Join(t.TempDir(), "to"))
	if err != nil {
		t.Fatal(err)
	}
	var stages []string
	note := func(s string) { stages = append(stages, s) }
	if err := Push(t.Context(), from, to, kid, note); err != nil {
		t.Fatal(err)
	}
	m, err := LoadManifest(t.Context(), to, kid)
	if err != nil {
		t.Fatal(err)
	}
	if err := Walk(t.Context(), to, m, func(Entry) error { return nil }); err != nil {
		t.Errorf("the pushed image is not whole: %v", err)
	}
	if len(stages) != 4 || !strings.Contains(stages[3], kid.Short()) {
		t.Errorf("the manifest has to go last: %q", stages)
	}
	stages = nil
	if err := Push(t.Context(), from, to, kid, note); err != nil || len(stages) != 0 {
		t.Errorf("pushed again: %v, %q", err, stages)
	}
	if err := Push(t.Context(), to, from, keg.Sum([]byte("absent")), nil); !errors.Is(err, keg.ErrNotFound) {
		t.Errorf("a missing image: %v", err)
	}
}

func TestLoadManifestRefuses(t *testing.T) {
	d, err := keg.OpenDir(filepath.Join(t.TempDir(), "keg"))
	if err != nil {
		t.Fatal(err)
	}
	good, _ := bootable()
	encoded, err := good.Encode()
	if err != nil {
		t.Fatal(err)
	}
	text := string(encoded)
	for name, c := range map[string]struct{ text, want string }{
		"good":        {text, ""},
		"a kernel":    {"MZ\x00\x00", "no image manifest"},
		"large":       {strings.Repeat(" ", manifestLimit+1), "more than"},
		"extended":    {strings.Replace(text, `"name"`, `"nom": 1, "name"`, 1), "unknown field"},
		"followed":    {text + "{}", "something follows"},
		"later":       {strings.Replace(text, `"format": 1`, `"format": 2`, 1), "format 2"},
		"bad name":    {strings.Replace(text, string(good.Linux), "K-1", 1), `"K-1", which is no KID`},
		"no kernel":   {strings.Replace(text, string(good.Linux), "", 1), "no kernel"},
		"JSON of all": {"[]", "no image manifest"},
	} {
		kid, _, err := d.Put(t.Context(), strings.NewReader(c.text))
		if err != nil {
			t.Fatal(err)
		}
		_, err = LoadManifest(t.Context(), d, kid)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
}
