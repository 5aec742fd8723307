package iossim_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

func newNexus(t *testing.T) *iossim.Sim {
	t.Helper()
	s, err := iossim.New(iossim.Config{Hostname: "leaf1", Profile: "N9K-C93180YC-EX"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shown is what a command prints, without the prompt and the command itself.
func shown(t *testing.T, s *iossim.Sim, line string) string {
	t.Helper()
	out, err := s.Exec(line)
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(out, "\n")
	return text
}

func TestNexusJSON(t *testing.T) {
	s := newNexus(t)
	type row struct {
		ID    string `json:"vlanshowbr-vlanid-utf"`
		Name  string `json:"vlanshowbr-vlanname"`
		State string `json:"vlanshowbr-vlanstate"`
		Shut  string `json:"vlanshowbr-shutstate"`
	}
	// One VLAN is an object, and several are a list.
	var one struct {
		Table struct {
			Row row `json:"ROW_vlanbrief"`
		} `json:"TABLE_vlanbrief"`
	}
	if err := json.Unmarshal([]byte(shown(t, s, "show vlan | json")), &one); err != nil || one.Table.Row != (row{"1", "default", "active", "noshutdown"}) {
		t.Errorf("%v: %+v", err, one)
	}
	if out, err := s.Exec("conf t", "vlan 20", "name cluster", "state suspend", "shutdown", "end"); err != nil {
		t.Fatal(err, out)
	}
	var two struct {
		Table struct {
			Rows []row `json:"ROW_vlanbrief"`
		} `json:"TABLE_vlanbrief"`
	}
	text := shown(t, s, "show vlan | json-pretty")
	if err := json.Unmarshal([]byte(text), &two); err != nil || len(two.Table.Rows) != 2 || two.Table.Rows[1] != (row{"20", "cluster", "suspend", "shutdown"}) {
		t.Errorf("%v: %s", err, text)
	}
	if out, err := s.Exec("show users | json"); err == nil {
		t.Errorf("a command that nobody taught to print JSON printed %s", out)
	}
}

// A Nexus takes the quotes from around an expression, IOS looks for them.
func TestFilterQuotes(t *testing.T) {
	nexus := newNexus(t)
	ios, err := iossim.New(iossim.Config{Hostname: "leaf1"})
	if err != nil {
		t.Fatal(err)
	}
	const line = "show running-config | include '^hostname'"
	if got := shown(t, nexus, line); got != "hostname leaf1\n" {
		t.Errorf("a Nexus shows %q", got)
	}
	if got := shown(t, ios, line); got != "" {
		t.Errorf("IOS shows %q", got)
	}
}
