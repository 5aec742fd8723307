// Package enginetest starts engines for tests: real ones, that end with the test.
package enginetest

import (
	"context"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/engines"
)

// buildTime is what it may take to build an engine where it cannot be downloaded.
const buildTime = 20 * time.Minute

// Locate finds an engine's binary, or builds it.
func Locate(t testing.TB, name string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), buildTime)
	defer cancel()
	binary, err := engines.Locate(ctx, name, engines.Options{})
	if err != nil {
		t.Fatalf("this test needs %s: %v", name, err)
	}
	return binary
}

// Consul starts a Consul server.
func Consul(t testing.TB) *engines.Consul {
	t.Helper()
	c, err := engines.StartConsul(t.Context(), engines.ConsulConfig{Binary: Locate(t, "consul"), DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

// Nomad starts a Nomad server.
func Nomad(t testing.TB) *engines.Nomad {
	t.Helper()
	n, err := engines.StartNomad(t.Context(), engines.NomadConfig{Binary: Locate(t, "nomad"), DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Stop)
	return n
}

// NomadClients starts a client of that name in a node pool for each host.
func NomadClients(t testing.TB, server *engines.Nomad, pool string, hosts ...string) {
	t.Helper()
	c := Clients{Binary: Locate(t, "nomad"), Dir: t.TempDir(), RPC: server.RPC}
	t.Cleanup(c.CleanUp)
	for _, host := range hosts {
		child, err := c.Start(host, pool)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(child.Stop)
	}
}
