package iossim_test

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

// TestProfiles boots every model, saves, reboots, and looks for a difference.
func TestProfiles(t *testing.T) {
	for _, p := range iossim.Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			s, err := iossim.New(iossim.Config{Hostname: "leaf1", Profile: p.Name})
			if err != nil {
				t.Fatal(err)
			}
			port := "gi0/1"
			if strings.Contains(s.RunningConfig(), "interface GigabitEthernet1/0/1\n") {
				port = "gi1/0/1"
			}
			save := "wr"
			if p.NXOS {
				port, save = "e1/1", "copy run start"
			}
			lines := []string{"conf t", "vlan 20", "int " + port}
			if p.ISL {
				lines = append(lines, "switchport trunk encapsulation dot1q")
			}
			if out, err := s.Exec(append(lines, "switchport mode trunk", "switchport trunk allowed vlan 20", "end", "show version", "show interface switchport", save)...); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			before := s.RunningConfig()
			if err := s.Reload(); err != nil {
				t.Fatal(err)
			}
			if got := s.RunningConfig(); got != before || len(s.NotUnderstood()) > 0 {
				t.Errorf("after a reload: %v\n%s", s.NotUnderstood(), got)
			}
			for line, has := range map[string]bool{"switchport trunk encapsulation dot1q": p.ISL, "power inline never": p.PoE, "no switchport": p.Routed} {
				out, err := s.Exec("conf t", "default interface "+port, "int "+port, line)
				if (err == nil) != has {
					t.Errorf("%q: %v\n%s", line, err, out)
				}
			}
		})
	}
}

func TestOldSSH(t *testing.T) {
	sim, err := iossim.New(iossim.Config{Hostname: "old", Profile: "WS-C2950T-24", Users: map[string]string{"admin": password}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Serve(t.Context(), l, newKey(t)); err == nil || !strings.Contains(err.Error(), "RSA") {
		t.Fatalf("with a modern key: %v", err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- sim.Serve(t.Context(), l, signer) }()
	client := func(old bool) error {
		cfg := &ssh.ClientConfig{User: "admin", Auth: []ssh.AuthMethod{ssh.Password(password)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: patience}
		if old {
			cfg.KeyExchanges = []string{ssh.InsecureKeyExchangeDHGEXSHA1, ssh.InsecureKeyExchangeDH1SHA1}
			cfg.Ciphers = []string{ssh.InsecureCipherTripleDESCBC}
			cfg.HostKeyAlgorithms = []string{ssh.KeyAlgoRSA}
		}
		c, err := ssh.Dial("tcp", l.Addr().String(), cfg)
		if err != nil {
			return err
		}
		defer c.Close()
		s, err := c.NewSession()
		if err != nil {
			return err
		}
		out, err := s.Output("show version")
		if err == nil && !strings.Contains(string(out), "12.1(22)EA14") {
			err = errors.New(string(out))
		}
		return err
	}
	if err := client(true); err != nil {
		t.Errorf("old client: %v", err)
	}
	if err := client(false); err == nil {
		t.Error("a client with today's algorithms got in")
	}
}

// captured is in the form of a capture, with what this simulator knows, what
// it does not, and what it would not do by itself.
const captured = `core-sw#show running-config
Building configuration...

Current configuration : 2048 bytes
!
! Last configuration change at 10:00:00 UTC Mon Mar 2 2026
!
version 15.0
no service pad
!
hostname core-sw
!
logging buffered 64000
enable secret 5 $1$abcd$efghijklmnopqrstuvwxyz
!
username ops privilege 15 secret 5 $1$abcd$efghijklmnopqrstuvwxyz
switch 1 provision ws-c3750x-24
frobnicate the widgets
frob context A
 of unknown words
  and deeper ones
!
crypto pki certificate chain TP-self-signed-1
 certificate self-signed 01
  30820229 30820192 A0030201 02020101
  	quit
policy-map marking
 class voice
  set dscp ef
!
spanning-tree mode pvst
spanning-tree vlan 1-4094 priority 8192
!
interface Port-channel1
 switchport trunk encapsulation dot1q
 switchport mode trunk
!
interface GigabitEthernet1/0/1
 switchport trunk encapsulation dot1q
 switchport trunk allowed vlan 10,20,30-40
 switchport mode trunk
 frob this port
 channel-group 1 mode on
!
interface GigabitEthernet2/0/7
 switchport access vlan 777
 switchport mode access
!
interface TenGigabitEthernet1/1/1
 no switchport
 ip address 192.0.2.1 255.255.255.252
!
interface Vlan10
 ip address 198.51.100.1 255.255.255.0
!
banner motd ^C
core-sw#
^C
line con 0
line vty 0 4
 transport input ssh
 frob line
!
end

core-sw#`

func TestCaptured(t *testing.T) {
	cfg, err := iossim.Captured(strings.ReplaceAll(captured, "\n", "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.VLANs = map[int]string{10: "users", 777: ""}
	cfg.Users = map[string]string{"admin": password}
	s, err := iossim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	running := s.RunningConfig()
	from, to := strings.Index(captured, "version 15.0"), strings.Index(captured, "\nend\n")
	for _, line := range strings.Split(captured[from:to], "\n") {
		if line != "!" && !strings.Contains("\n"+running, "\n"+line+"\n") {
			t.Errorf("lost %q", line)
		}
	}
	for _, line := range strings.Split(running, "\n") {
		if !strings.Contains(captured, line) {
			t.Errorf("made up %q", line)
		}
	}
	var unread []string
	for _, u := range s.NotUnderstood() {
		unread = append(unread, strings.TrimSpace(u.Text))
	}
	if got := strings.Join(unread, ","); got != "frobnicate the widgets,frob context A,frob this port,frob line" {
		t.Errorf("not understood: %s", got)
	}
	if out, err := s.Exec("show vlan id 777", "conf t", "int gi2/0/7", "switchport access vlan 10", "do show running-config int gi2/0/7", "end", "wr"); err != nil || !strings.Contains(out, " switchport access vlan 10\n") || !strings.Contains(out, "VLAN0777") {
		t.Errorf("%v\n%s", err, out)
	}
	before := s.RunningConfig()
	if err := s.Reload(); err != nil || s.RunningConfig() != before {
		t.Errorf("after a reload (%v):\n%s", err, s.RunningConfig())
	}
	for name, text := range map[string]string{"short": captured[:900], "no ports": "version 15.0\nhostname x\nend\n", "empty": ""} {
		if _, err := iossim.Captured(text); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzCaptured(f *testing.F) {
	f.Add(captured)
	f.Add("version 12.1\ninterface FastEthernet0/1\n switchport trunk allowed vlan except 5\nvlan 7\n name x\nend")
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := iossim.Captured(text)
		if err != nil {
			return
		}
		cfg.Hostname = "fuzz"
		s, err := iossim.New(cfg)
		if err != nil {
			return // refused, which is an answer, too
		}
		if !strings.HasSuffix(s.RunningConfig(), "end\n") {
			t.Error("not whole")
		}
	})
}
