package ios

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

func TestHostKeyForms(t *testing.T) {
	d := startDevice(t, newFakeSwitch("leaf1", 1))
	pub := d.Signer.PublicKey()
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(pub)))
	other := "SHA256:" + strings.Repeat("A", 43)
	for name, pin := range map[string]string{
		"fingerprint":           ssh.FingerprintSHA256(pub),
		"public key":            line + " a comment",
		"known_hosts":           "[192.0.2.1]:22,leaf1 " + line,
		"several":               "# old\n" + other + "\n" + ssh.FingerprintSHA256(pub) + "\n",
		"several of two kinds":  other + "\n" + line,
		"padded, as some print": ssh.FingerprintSHA256(pub) + "=",
	} {
		if err := ValidateHostKey(pin); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		target := d.target()
		target.HostKey = pin
		s, err := Dial(t.Context(), target)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_ = s.Close()
	}
	for _, bad := range []string{"SHA256:", "SHA256:!!!", "MD5:aa:bb", "ssh-rsa", "ssh-rsa AAAA", "hello"} {
		if ValidateHostKey(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestLegacyAlgorithms meets a switch that knows only what is broken.
func TestLegacyAlgorithms(t *testing.T) {
	d := startDevice(t, newFakeSwitch("leaf1", 1))
	d.legacy = true
	target := d.target()
	_, err := Dial(t.Context(), target)
	var ue *UnreachableError
	if !errors.As(err, &ue) || !strings.Contains(err.Error(), "allow_legacy_algorithms") {
		t.Errorf("got %v", err)
	}
	target.AllowLegacyAlgorithms = true
	s, err := Dial(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
}

// TestPlatformTraits reads what decides on commands off the device.
func TestPlatformTraits(t *testing.T) {
	d := startDevice(t, newFakeSwitch("dist1", 2))
	d.sw.isl = true
	want := fabric.Want{Ports: map[string]fabric.Port{
		gi1: {Mode: fabric.ModeTrunk, Allowed: mustSet(t, "10,20")},
		gi2: {Mode: fabric.ModeDynamicAuto}, // the default: no line
	}}
	obs, change, err := converge(t, d, want)
	if err != nil {
		t.Fatal(err)
	}
	if c := obs.Capabilities; !c.ISL || c.DefaultMode != fabric.ModeDynamicAuto || c.ExtendedVLANs {
		t.Errorf("capabilities %+v", c)
	}
	if got := strings.Join(change.Commands, "\n"); got != "interface "+gi1+"\nswitchport trunk encapsulation dot1q\nswitchport trunk allowed vlan 10,20\nswitchport mode trunk" {
		t.Errorf("commands:\n%s", got)
	}
}
