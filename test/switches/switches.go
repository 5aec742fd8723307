// Package switches serves simulated switches on loopback to tests and
// benchmarks.
package switches

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

// What lets one in, on every switch of this package.
const (
	Username       = "admin"
	Password       = "login-pw"
	EnablePassword = "enable-pw"
)

// Switch is a simulated switch that answers SSH on loopback.
type Switch struct {
	*iossim.Sim
	Profile iossim.Profile
	// Target is how it is reached.
	Target  fabric.Target
	HostKey ssh.PublicKey
}

// Start serves a switch until the test ends. Without users it has those and the
// enable secret of this package, without a profile the default one. The target
// is for the first of its users.
func Start(tb testing.TB, cfg iossim.Config) Switch {
	tb.Helper()
	if len(cfg.Users) == 0 {
		cfg.Users, cfg.EnableSecret = map[string]string{Username: Password}, EnablePassword
	}
	user := slices.Min(slices.Collect(maps.Keys(cfg.Users)))
	sim, err := iossim.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	profile := profileOf(tb, cfg.Profile)
	keys := signers()
	signer := keys.modern
	if profile.OldSSH {
		signer = keys.old
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sim.Serve(ctx, l, signer) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("the switch %s: %v", cfg.Hostname, err)
		}
	})
	target := fabric.Target{
		Name: cfg.Hostname, Address: l.Addr().String(), Username: user, Password: cfg.Users[user], EnablePassword: cfg.EnableSecret,
		HostKey: ssh.FingerprintSHA256(signer.PublicKey()), AllowLegacyAlgorithms: profile.OldSSH,
	}
	switch {
	case profile.NXOS:
		target.Platform = "nxos"
	case profile.XE:
		target.Platform = "iosxe"
	}
	return Switch{Sim: sim, Profile: profile, Target: target, HostKey: signer.PublicKey()}
}

func profileOf(tb testing.TB, name string) iossim.Profile {
	tb.Helper()
	if name == "" {
		name = iossim.DefaultProfile
	}
	for _, p := range iossim.Profiles() {
		if p.Name == name {
			return p
		}
	}
	tb.Fatalf("no switch model %q", name)
	return iossim.Profile{}
}

// keyring are the host keys: making an RSA key takes long, so that all
// switches of a test have the same ones.
type keyring struct{ modern, old ssh.Signer }

var signers = sync.OnceValue(func() keyring {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	modern, err := ssh.NewSignerFromKey(ed)
	if err != nil {
		panic(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	old, err := ssh.NewSignerFromKey(rsaKey)
	if err != nil {
		panic(err)
	}
	return keyring{modern, old}
})
