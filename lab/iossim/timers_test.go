package iossim

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func exec(t *testing.T, s *Sim, lines ...string) string {
	t.Helper()
	out, err := s.Exec(lines...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

func TestRevertTimerTakesTheChangeBack(t *testing.T) {
	s := small(t, nil)
	exec(t, s, "conf t", "archive", "path flash:b", "int gi1/0/1", "description before", "switchport access vlan 7", "end")
	before := s.RunningConfig()
	exec(t, s, "conf t revert timer 3", "hostname broken", "default interface gi1/0/1", "int po3", "line vty 0 4", "no login local", "transport input telnet", "end")
	s.Elapse(2 * time.Minute)
	if s.RunningConfig() == before {
		t.Fatal("reverted too early")
	}
	s.Elapse(time.Minute)
	if got := s.RunningConfig(); got != before {
		t.Errorf("after the rollback:\n%s", got)
	}
	if s.Stats().Reverts != 1 {
		t.Errorf("stats %+v", s.Stats())
	}
	exec(t, s, "conf t rev timer 3", "hostname kept", "end", "configure confirm")
	s.Elapse(time.Hour)
	if !strings.Contains(s.RunningConfig(), "hostname kept\n") {
		t.Error("a confirmed change was taken back")
	}
}

func TestReloadInRestoresTheStartup(t *testing.T) {
	s := small(t, nil)
	exec(t, s, "write memory", "conf t", "int gi1/0/1", "shutdown", "end", "reload in 10", "no", "")
	s.Elapse(9 * time.Minute)
	if !strings.Contains(s.RunningConfig(), " shutdown\n") {
		t.Fatal("reloaded too early")
	}
	s.Elapse(time.Minute)
	if strings.Contains(s.RunningConfig(), " shutdown\n") || s.Stats().Reloads != 1 {
		t.Error("not reloaded")
	}
	exec(t, s, "reload in 1", "", "reload cancel")
	s.Elapse(time.Hour)
	if s.Stats().Reloads != 1 {
		t.Error("a cancelled reload happened")
	}
}

func TestLocked(t *testing.T) {
	s := small(t, nil)
	unlock := s.LockConfiguration("NETCONF")
	const want = "Configuration mode is locked by process '484' user 'NETCONF' from terminal '64'. Please try later."
	if _, err := s.Exec("conf t"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("locked: %v", err)
	}
	unlock()
	exec(t, s, "conf t", "end")
}

func TestFaultCounts(t *testing.T) {
	s := small(t, nil)
	if err := s.SetFault(Fault{Config: true, At: 3, Times: 2, Answer: "no"}); err != nil {
		t.Fatal(err)
	}
	var struck []int
	for i := range 6 {
		s.strike("show version", false)
		if s.strike("vlan 5", true) != nil {
			struck = append(struck, i+1)
		}
	}
	if !slices.Equal(struck, []int{3, 4}) || s.PendingFaults() != 0 {
		t.Errorf("struck %v", struck)
	}
}
