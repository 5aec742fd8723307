package e2e

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestExistingSwitchGuide follows the guide word for word, on a switch that was
// configured by hand: every shell block is run, every file block is written.
func TestExistingSwitchGuide(t *testing.T) {
	guide, err := os.ReadFile(repository("docs/guides/existing-switch.md"))
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, "terraform", "testdata/blank")
	s.byHand(
		"configure terminal",
		"vlan 10", "name storage", "exit", "vlan 30", "name phones", "exit",
		"interface GigabitEthernet1/0/5", "description db1", "switchport mode access", "switchport access vlan 10", "spanning-tree portfast", "exit",
		"interface GigabitEthernet1/0/6", "switchport mode trunk", "switchport trunk allowed vlan 10,20-30", "switchport trunk native vlan 30", "exit",
		"interface GigabitEthernet1/0/7", "shutdown", "end",
	)
	before := s.runningConfig()
	blocks := regexp.MustCompile("(?s)```(shell|terraform)\n(.*?)```").FindAllStringSubmatch(string(guide), -1)
	ran := 0
	for _, b := range blocks {
		kind, text := b[1], b[2]
		if kind == "terraform" {
			name, _, _ := strings.Cut(strings.TrimPrefix(text, "# "), "\n")
			if err := os.WriteFile(s.path("tf", name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		ran++
		t.Log(s.must("/bin/sh", "-euc", "cd "+s.path("tf")+"\n"+text))
	}
	if ran < 3 {
		t.Fatalf("the guide has %d shell blocks: this test reads it wrong", ran)
	}
	if after := s.runningConfig(); after != before {
		t.Errorf("bringing the switch under Terraform changed it:\n%s\nbefore:\n%s", after, before)
	}
	text, err := os.ReadFile(s.path("tf", "leaf1.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"GigabitEthernet1/0/5"`, `"storage"`, `"10,20-30"`, "import {"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("leaf1.tf lacks %s:\n%s", want, text)
		}
	}
}
