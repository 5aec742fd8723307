package iossim_test

import (
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

// nexusCapture is in the form of a capture from a Nexus 7000.
const nexusCapture = `
!Command: show running-config
!Time: Mon Mar  2 12:00:00 2026

version 6.2(12)
hostname n7k
vdc n7k id 1
  limit-resource vlan minimum 16 maximum 4094
feature-set fex
feature netflow
feature lacp
feature interface-vlan
vlan 1,10,20-21
vlan 10
  name users
frob a block
  of unknown words
    and deeper ones
interface Vlan10
  no shutdown
  ip address 198.51.100.1/24
  hsrp 1
    preempt
    priority 105
interface port-channel7
  switchport mode trunk
  switchport trunk allowed vlan 10,20-21
interface Ethernet1/1
  switchport mode trunk
  switchport trunk allowed vlan 10,20-21
  frob this port
  channel-group 7 mode active
  no shutdown
interface Ethernet1/2
  ip address 192.0.2.1/30
  no shutdown
interface mgmt0
  vrf member management
line vty
  exec-timeout 0
`

func TestCapturedNexus(t *testing.T) {
	cfg, err := iossim.Captured(nexusCapture)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Users = map[string]string{"admin": password}
	s, err := iossim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	running := s.RunningConfig()
	for _, line := range strings.Split(nexusCapture, "\n") {
		if !strings.HasPrefix(line, "!") && !strings.Contains("\n"+running, "\n"+line+"\n") {
			t.Errorf("lost %q", line)
		}
	}
	for _, line := range strings.Split(running, "\n") {
		if !strings.Contains(nexusCapture, line) {
			t.Errorf("made up %q", line)
		}
	}
	if out, err := s.Exec("conf t", "int port-channel 7", "switchport trunk allowed vlan add 30", "show running-config interface ethernet 1/1", "copy run start"); err != nil || !strings.Contains(out, "vlan 10,20-21,30\n  frob this port\n") {
		t.Errorf("%v\n%s", err, out)
	}
	before := s.RunningConfig()
	if err := s.Reload(); err != nil || s.RunningConfig() != before {
		t.Errorf("after a reload (%v):\n%s", err, s.RunningConfig())
	}
}
