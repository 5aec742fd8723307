package gridapp_test

import (
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/engines"
	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// One Nomad server and two clients in the node pool of kernel "main" are shared
// by all tests of the package. The clients are processes of their own, as on
// hosts.
var (
	nomad  *engines.Nomad
	binary string
	dir    string
	store  *keg.Dir
	kegURL string
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
	defer cleanUp(clientMark(), dir)
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
			child, err = startClient(name, kernel)
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
	if binary, err = engines.Locate(ctx, "nomad", engines.Options{}); err != nil {
		return err
	}
	if dir, err = os.MkdirTemp("", "gridapp"); err != nil {
		return err
	}
	if store, err = keg.OpenDir(filepath.Join(dir, "keg")); err != nil {
		return err
	}
	nomad, err = engines.StartNomad(ctx, engines.NomadConfig{Binary: binary, DataDir: filepath.Join(dir, "server")})
	return err
}

// startClient starts a Nomad client on loopback, as agentd would on a host.
func startClient(name, pool string) (*engines.Child, error) {
	home := filepath.Join(dir, name)
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	conf := fmt.Sprintf(`
name = %q
data_dir = %q
bind_addr = "127.0.0.1"
disable_update_check = true
log_level = "WARN"
ports { http = %d }
advertise {
  http = "127.0.0.1"
  rpc = "127.0.0.1"
  serf = "127.0.0.1"
}
client {
  enabled = true
  node_pool = %q
  servers = [%q]
  network_interface = "lo"
  options { "fingerprint.denylist" = "env_aws,env_gce,env_azure,env_digitalocean" }
  artifact { disable_filesystem_isolation = true }
}
plugin "raw_exec" {
  config { enabled = true }
}
`, name, filepath.Join(home, "data"), port, pool, nomad.RPC)
	path := filepath.Join(home, "client.hcl")
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		return nil, err
	}
	return engines.StartChild(engines.ChildSpec{
		Name: name, Path: binary, Args: []string{"agent", "-config", path},
		Env: []string{clientMark()}, Log: filepath.Join(home, "log"),
	})
}

// clientMark is in the environment of all clients, and of what they start.
func clientMark() string { return "CTHULIX_TEST_CLIENT=" + dir }

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
