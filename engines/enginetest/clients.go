package enginetest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/cthulix/terraform-provider-cthulix/engines"
)

// Clients start Nomad clients on loopback, as agentd would on hosts.
type Clients struct {
	Binary string
	// Dir is where they keep their data.
	Dir string
	// RPC is the host:port of their server.
	RPC string
}

// Start starts the client of a host in a node pool.
func (c Clients) Start(host, pool string) (*engines.Child, error) {
	home := filepath.Join(c.Dir, host)
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
`, host, filepath.Join(home, "data"), port, pool, c.RPC)
	path := filepath.Join(home, "client.hcl")
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		return nil, err
	}
	return engines.StartChild(engines.ChildSpec{
		Name: host, Path: c.Binary, Args: []string{"agent", "-config", path},
		Env: []string{c.mark()}, Log: filepath.Join(home, "log"),
	})
}

// mark is in the environment of all clients, and of what they start.
func (c Clients) mark() string { return "CTHULIX_TEST_CLIENT=" + c.Dir }
