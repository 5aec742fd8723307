package agentd

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseModules(t *testing.T) {
	got, err := parseModules("# in load order\n\n/lib/modules/6.1/a.ko\n lib/b.ko.xz  debug=1 x=2 # twice\n/lib/../lib/c.ko")
	if err != nil {
		t.Fatal(err)
	}
	want := []module{{Path: "/lib/modules/6.1/a.ko"}, {Path: "/lib/b.ko.xz", Params: "debug=1 x=2"}, {Path: "/lib/c.ko"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestParseModulesReportsLinesAndGoesOn(t *testing.T) {
	got, err := parseModules("/a.ko\nnonsense\n/b.ko\n..\n")
	if len(got) != 2 || err == nil || !strings.Contains(err.Error(), `line 2: "nonsense"`) || !strings.Contains(err.Error(), "line 4") {
		t.Errorf("got %+v, %v", got, err)
	}
}

func FuzzParseModules(f *testing.F) {
	f.Add("/lib/modules/6.1/a.ko x=1\n# c\n")
	f.Add("\x00.ko\n../../x.ko")
	f.Fuzz(func(t *testing.T, list string) {
		mods, _ := parseModules(list)
		for _, m := range mods {
			if !strings.HasPrefix(m.Path, "/") || strings.Contains(m.Path+"/", "/../") || strings.ContainsRune(m.Path, 0) {
				t.Errorf("accepted %q", m.Path)
			}
		}
	})
}
