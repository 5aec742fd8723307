package gridapp_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/engines"
	"github.com/cthulix/terraform-provider-cthulix/engines/enginetest"
	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// One Nomad server and two clients in the node pool of kernel "main" are shared
// by all tests of the package. The clients are processes of their own, as on
// hosts.
var (
	nomad   *engines.Nomad
	clients enginetest.Clients
	dir     string
	store   *keg.Dir
	kegURL  string
)

const kernel = "main"

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute) // a first run builds Nomad
	defer cancel()
	if err := setUp(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "these tests need a Nomad server:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	defer func() { clients.CleanUp() }()
	defer nomad.Stop()
	server := httptest.NewServer(keg.Handler(store))
	defer server.Close()
	kegURL = server.URL
	client, err := gridapp.New(gridapp.Config{Address: nomad.Address})
	if err == nil {
		err = client.EnsureDomain(ctx, gridapp.DomainOf(kernel, "for tests"))
	}
	for _, name := range []string{"host1", "host2"} {
		var child *engines.Child
		if err == nil {
			child, err = clients.Start(name, kernel)
		}
		if err == nil {
			defer child.Stop()
		}
	}
	if err == nil {
		soon, cancel := context.WithTimeout(ctx, 2*time.Minute)
		defer cancel()
		_, err = client.WaitNodes(soon, kernel, 2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "these tests need two Nomad clients:", err)
		return 1
	}
	return m.Run()
}

func setUp(ctx context.Context) (err error) {
	binary, err := engines.Locate(ctx, "nomad", engines.Options{})
	if err != nil {
		return err
	}
	if dir, err = os.MkdirTemp("", "gridapp"); err != nil {
		return err
	}
	if store, err = keg.OpenDir(filepath.Join(dir, "keg")); err != nil {
		return err
	}
	nomad, err = engines.StartNomad(ctx, engines.NomadConfig{Binary: binary, DataDir: filepath.Join(dir, "server")})
	if err == nil {
		clients = enginetest.Clients{Binary: binary, Dir: dir, RPC: nomad.RPC}
	}
	return err
}

func newClient(t *testing.T) *gridapp.Client {
	t.Helper()
	c, err := gridapp.New(gridapp.Config{Address: nomad.Address})
	must(t, err)
	return c
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func blob(t *testing.T, text string) keg.KID {
	t.Helper()
	kid, _, err := store.Put(t.Context(), strings.NewReader(text))
	must(t, err)
	return kid
}

// app is a batch of shell lines, in one shard.
func app(name string, lines ...string) gridapp.Spec {
	return gridapp.Spec{
		Name: name, Namespace: kernel, NodePool: kernel,
		Command: "/bin/sh", Args: []string{"-c", strings.Join(lines, "\n")},
	}
}
