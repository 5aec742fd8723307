package e2e

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWrongVLAN: a host that the opserver cannot hear fails within its timeout
// with the stage and the port, and the corrected apply completes it.
func TestWrongVLAN(t *testing.T) {
	s := newSite(t, "terraform", "testdata/wrongvlan")
	step(t, "the stage and the port are named", func(t *testing.T) {
		s.t = t
		begun := time.Now()
		_, _, err := s.run(s.tf, "-chdir="+s.path("tf"), "apply", "-auto-approve", "-input=false", "-no-color", "-var", "vlan=30", "-var", "timeout=30s")
		if err == nil {
			t.Fatal("a host in the wrong VLAN is ready")
		}
		text := strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(err.Error())), " ")
		// The firmware's last words come by serial over LAN, the word on the port from the switch.
		for _, want := range []string{
			"no DHCP request seen", "GigabitEthernet1/0/1", "leaf1", "node1",
			"has heard 52:54:00:20:00:01 in VLAN 30", "the opserver does not hear it",
			"Serial console of node1, booting K-", "iPXE",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("the error lacks %q:\n%v", want, err)
			}
		}
		if took := time.Since(begun); took > 3*time.Minute {
			t.Errorf("it took %s, far more than the timeout of 30 s", took)
		}
	})
	step(t, "the corrected apply destroys nothing", func(t *testing.T) {
		s.t = t
		vars := []string{"-var", "vlan=20", "-var", "timeout=10m"}
		for _, c := range s.plan(vars...).changed() {
			if strings.Contains(c, "delete") {
				t.Errorf("the next plan has %s", c)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		watch := s.command(ctx, s.path("bin", "cthulix"), "host", "watch", "node1", "--until", "joined", "--timeout", "10m", "-o", "json")
		var seen strings.Builder
		watch.Stdout = &seen
		if err := watch.Start(); err != nil {
			t.Fatal(err)
		}
		s.apply(vars...)
		if err := watch.Wait(); err != nil {
			t.Errorf("the watch of a host that came up: %v", err)
		}
		for _, want := range []string{`"stage":"power"`, `"stage":"dhcp"`, `"stage":"initrd"`, `"stage":"agent"`, `"waits_for":"its agent to speak"`, `"state":"ready"`, `"journal":true`} {
			if !strings.Contains(seen.String(), want) {
				t.Errorf("the watch does not tell %s:\n%s", want, seen.String())
			}
		}
		if out := s.terraform(append([]string{"plan", "-input=false", "-no-color"}, vars...)...); !strings.Contains(out, "No changes") {
			t.Errorf("plan after apply:\n%s", out)
		}
		s.terraform(append([]string{"destroy", "-auto-approve", "-input=false", "-no-color"}, vars...)...)
	})
}

// TestKilled: a provider that is killed in mid-apply leaves what the next apply
// completes, without booting a machine twice.
func TestKilled(t *testing.T) {
	s := newSite(t, "terraform", repository("examples/cluster"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()

	watch := s.command(ctx, s.path("bin", "cthulix"), "hosts", "watch")
	seen, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { watch.Cancel(); watch.Wait() }()

	apply := s.command(ctx, s.tf, "-chdir="+s.path("tf"), "apply", "-auto-approve", "-input=false", "-no-color")
	log, err := os.Create(s.path("killed.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	apply.Stdout, apply.Stderr = log, log
	if err := apply.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(seen)
	for lines.Scan() && !strings.Contains(lines.Text(), "dhcp") {
		t.Log(lines.Text())
	}
	pids := providers(t, apply.Process.Pid)
	if len(pids) == 0 {
		t.Fatal("found no provider process to kill")
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	go func() { // the pipe must not fill up
		for lines.Scan() {
		}
	}()
	if err := apply.Wait(); err == nil {
		t.Fatal("apply succeeded without its provider")
	}

	for _, c := range s.plan().changed() {
		if strings.Contains(c, "delete") {
			t.Errorf("the plan after the kill has %s", c)
		}
	}
	s.apply()
	if got, want := strings.TrimSpace(s.terraform("output", "-raw", "wordcount")), topWords(t, s.path("tf", "wordcount", "input.txt"), 10); got != want {
		t.Errorf("the gridapp counted\n%s\nwant\n%s", got, want)
	}
	for _, m := range s.info().Machines {
		if m.Starts != 1 {
			t.Errorf("%s was started %d times, want once", m.Name, m.Starts)
		}
	}
	if out := s.terraform("plan", "-input=false", "-no-color"); !strings.Contains(out, "No changes") {
		t.Errorf("plan after apply:\n%s", out)
	}
}

// providers lists the provider processes that a Terraform process started.
func providers(t *testing.T, terraform int) []int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	parents := map[int]int{}
	var named []int
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it ended meanwhile
		}
		text := string(b)
		open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
		fields := strings.Fields(text[end+1:])
		pid, _ := strconv.Atoi(strings.TrimSpace(text[:open]))
		parents[pid], _ = strconv.Atoi(fields[1])
		if strings.HasPrefix(text[open+1:end], "terraform-provi") {
			named = append(named, pid)
		}
	}
	return slices.DeleteFunc(named, func(pid int) bool {
		for p := pid; p > 1; p = parents[p] {
			if p == terraform {
				return false
			}
		}
		return true
	})
}

// TestOpenTofu: the same example, the same result.
func TestOpenTofu(t *testing.T) {
	s := newSite(t, "tofu", repository("examples/cluster"))
	blank := s.runningConfig()
	s.apply()
	if got, want := strings.TrimSpace(s.terraform("output", "-raw", "wordcount")), topWords(t, s.path("tf", "wordcount", "input.txt"), 10); got != want {
		t.Errorf("the gridapp counted\n%s\nwant\n%s", got, want)
	}
	if out := s.terraform("plan", "-input=false", "-no-color"); !strings.Contains(out, "No changes") {
		t.Errorf("plan after apply:\n%s", out)
	}
	s.terraform("destroy", "-auto-approve", "-input=false", "-no-color")
	if got := s.runningConfig(); got != blank {
		t.Errorf("running configuration after destroy:\n%s\nwant:\n%s", got, blank)
	}
}
