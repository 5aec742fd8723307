package agentd

import (
	"reflect"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

const goodCmdline = "console=ttyS0 cthulix.opserver=http://10.20.0.1:8080/ cthulix.image=K-" +
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef cthulix.host=node1 cthulix.mac=52:54:00:AA:00:01 quiet\n"

func TestParseCmdline(t *testing.T) {
	p, err := ParseCmdline(goodCmdline)
	if err != nil {
		t.Fatal(err)
	}
	want := Params{
		Opserver: "http://10.20.0.1:8080", Host: "node1", MAC: "52:54:00:aa:00:01",
		Image: keg.KID("K-" + strings.Repeat("0123456789abcdef", 4)),
	}
	if p != want {
		t.Errorf("got %+v, want %+v", p, want)
	}
	p, err = ParseCmdline(goodCmdline + ` ignition.config.url=http://10.20.0.1:8080/ignition?mac=52%3A54`)
	if err != nil || p.IgnitionURL != "http://10.20.0.1:8080/ignition?mac=52%3A54" {
		t.Errorf("ignition URL %q, error %v", p.IgnitionURL, err)
	}
}

func TestParseCmdlineNamesWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"", "cthulix.opserver is missing"},
		{strings.Replace(goodCmdline, "cthulix.host=node1", "", 1), "cthulix.host is missing"},
		{strings.Replace(goodCmdline, "http://", "ftp://", 1), `cthulix.opserver="ftp://10.20.0.1:8080/"`},
		{strings.Replace(goodCmdline, "http://", "http://u:p@", 1), "without user"},
		{strings.Replace(goodCmdline, "K-01", "K-zz", 1), "cthulix.image"},
		{strings.Replace(goodCmdline, "52:54", "52", 1), "cthulix.mac"},
		{strings.Replace(goodCmdline, "node1", "../etc", 1), `character '.'`},
	} {
		_, err := ParseCmdline(c.line)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q:\n got %v\nwant %s", c.line, err, c.want)
		}
	}
	// What can be read is there, so that the opserver hears what is wrong.
	p, err := ParseCmdline(strings.Replace(goodCmdline, "K-01", "K-zz", 1))
	if err == nil || p.Opserver == "" || p.MAC == "" {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestSplitCmdline(t *testing.T) {
	for line, want := range map[string][]string{
		"":                        nil,
		" a  b\tc\n":              {"a", "b", "c"},
		`dyndbg="file x +p" a`:    {"dyndbg=file x +p", "a"},
		`"cthulix.host=a b" "" c`: {"cthulix.host=a b", "", "c"},
		`a="unended b`:            {"a=unended b"},
	} {
		if got := splitCmdline(line); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

func FuzzParseCmdline(f *testing.F) {
	f.Add(goodCmdline)
	f.Add(`cthulix.mac="52:54:00:00:00:01 " ignition.config.url=http:// cthulix.image`)
	f.Fuzz(func(t *testing.T, line string) {
		p, err := ParseCmdline(line)
		if err != nil {
			return
		}
		if p.Opserver == "" || !p.Image.Valid() || len(p.MAC) != 17 || checkName(p.Host) != nil {
			t.Errorf("accepted %+v", p)
		}
	})
}
