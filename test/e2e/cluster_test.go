package e2e

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestCluster walks through the life of examples/cluster on Terraform.
func TestCluster(t *testing.T) {
	s := newSite(t, "terraform", repository("examples/cluster"))
	blank := s.runningConfig()

	step(t, "the lab has no privilege", func(t *testing.T) { s.t = t; unprivileged(s) })

	step(t, "plan shows the commands and the image", func(t *testing.T) {
		s.t = t
		p := s.plan()
		commands := p.commands("cthulix_switch.leaf1")
		if !slices.Contains(commands, "vlan 20") || !slices.ContainsFunc(commands, func(c string) bool { return strings.Contains(c, "switchport access vlan 20") }) {
			t.Errorf("planned_commands = %q", commands)
		}
		for _, r := range p.ResourceChanges {
			if r.Address == "cthulix_image.lpd" && !regexp.MustCompile(`^K-[0-9a-f]{64}$`).MatchString(fmt.Sprint(r.Change.After["kid"])) {
				t.Errorf("the image's KID is not known at plan: %v", r.Change.After["kid"])
			}
		}
		if got := s.runningConfig(); got != blank {
			t.Errorf("planning changed the switch:\n%s", got)
		}
	})

	step(t, "apply reaches the gridapp's result", func(t *testing.T) {
		s.t = t
		s.apply()
		want := topWords(t, s.path("tf", "wordcount", "input.txt"), 10)
		if got := strings.TrimSpace(s.terraform("output", "-raw", "wordcount")); got != want {
			t.Errorf("the gridapp counted\n%s\nwant\n%s", got, want)
		}
		for _, m := range s.info().Machines {
			if !m.Powered || m.Starts != 1 {
				t.Errorf("%s: powered %v, started %d times; want on, once", m.Name, m.Powered, m.Starts)
			}
		}
	})

	step(t, "plan says no changes", func(t *testing.T) {
		s.t = t
		if out := s.terraform("plan", "-input=false", "-no-color", "-detailed-exitcode"); !strings.Contains(out, "No changes") {
			t.Errorf("plan after apply:\n%s", out)
		}
	})

	step(t, "a change by hand is drift, and repaired", func(t *testing.T) {
		s.t = t
		applied := s.runningConfig()
		s.byHand("configure terminal", "interface GigabitEthernet1/0/2", "switchport access vlan 1", "end")
		p := s.plan()
		if got := p.changed(); !slices.Equal(got, []string{"cthulix_switch.leaf1: update"}) {
			t.Errorf("planned changes: %q", got)
		}
		if got, want := p.commands("cthulix_switch.leaf1"), []string{"interface GigabitEthernet1/0/2", "switchport access vlan 20"}; !slices.Equal(trim(got), want) {
			t.Errorf("planned_commands = %q, want %q", got, want)
		}
		s.apply()
		if got := s.runningConfig(); got != applied {
			t.Errorf("after the repair:\n%s\nwant:\n%s", got, applied)
		}
	})

	step(t, "no secret anywhere", func(t *testing.T) { s.t = t; noSecrets(s) })

	step(t, "destroy leaves everything as it was", func(t *testing.T) {
		s.t = t
		s.terraform("destroy", "-auto-approve", "-input=false", "-no-color")
		if got := s.runningConfig(); got != blank {
			t.Errorf("running configuration after destroy:\n%s\nwant:\n%s", got, blank)
		}
		for _, m := range s.info().Machines {
			if m.Powered {
				t.Errorf("%s is still on", m.Name)
			}
		}
	})
}

// step is a subtest that the ones after it build on.
func step(t *testing.T, name string, f func(*testing.T)) {
	t.Helper()
	if !t.Run(name, f) {
		t.FailNow()
	}
}

func trim(lines []string) []string {
	out := make([]string, 0, len(lines))
	for _, l := range lines {
		if l = strings.TrimSpace(l); l != "exit" && l != "end" {
			out = append(out, l)
		}
	}
	return out
}

// topWords counts the words of a file on its own.
func topWords(t *testing.T, path string, n int) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, w := range regexp.MustCompile(`[a-z]+`).FindAllString(strings.ToLower(string(text)), -1) {
		count[w]++
	}
	words := make([]string, 0, len(count))
	for w := range count {
		words = append(words, w)
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(count[b]-count[a], strings.Compare(a, b)) })
	var lines []string
	for _, w := range words[:n] {
		lines = append(lines, fmt.Sprintf("%d %s", count[w], w))
	}
	return strings.Join(lines, "\n")
}

// unprivileged checks the lab and all its children: not root, no capability,
// and no namespace but those of this test.
func unprivileged(s *site) {
	in := s.info()
	pids := []int{in.PID}
	for _, p := range in.Processes {
		pids = append(pids, p.PID)
	}
	for _, pid := range pids {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			s.t.Fatal(err)
		}
		for _, want := range []string{`(?m)^CapEff:\t0+$`, `(?m)^CapPrm:\t0+$`, `(?m)^Uid:\t[1-9]\d*\t[1-9]`} {
			if !regexp.MustCompile(want).Match(status) {
				s.t.Errorf("process %d does not match %s:\n%s", pid, want, status)
			}
		}
		for _, ns := range []string{"net", "user", "mnt", "pid"} {
			mine, err := os.Readlink(filepath.Join("/proc/self/ns", ns))
			if err != nil {
				s.t.Fatal(err)
			}
			theirs, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, ns))
			if err != nil {
				s.t.Fatal(err)
			}
			if mine != theirs {
				s.t.Errorf("process %d has a %s namespace of its own", pid, ns)
			}
		}
	}
}
