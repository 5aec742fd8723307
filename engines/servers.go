package engines

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// maxConsulConns bounds the HTTP connections of one client address.
const maxConsulConns = 8192

// ConsulConfig describes one supervised Consul server.
type ConsulConfig struct {
	Binary  string // from Locate
	DataDir string // made when missing
	// Ports on Bind; 0 takes a free one.
	HTTPPort, ServerPort, SerfPort int
	Bind                           string   // "" means 127.0.0.1
	NodeName                       string   // "" means "ophub"
	Servers                        int      // how many servers elect the leader; 0 means 1
	RetryJoin                      []string // the other servers
	Logger                         *slog.Logger
}

// Consul is a running Consul server.
type Consul struct {
	*Child
	Address string // of its HTTP API: "http://127.0.0.1:8500"
}

// StartConsul starts a Consul server and waits until it knows a leader.
func StartConsul(ctx context.Context, c ConsulConfig) (*Consul, error) {
	c.Bind = orDefault(c.Bind, "127.0.0.1")
	if err := freePorts(c.Bind, &c.HTTPPort, &c.ServerPort, &c.SerfPort); err != nil {
		return nil, fmt.Errorf("start consul: %w", err)
	}
	conf := map[string]any{
		"server": true, "bootstrap_expect": max(c.Servers, 1), "retry_join": append([]string{}, c.RetryJoin...),
		"node_name": orDefault(c.NodeName, "ophub"), "data_dir": filepath.Join(c.DataDir, "data"),
		"bind_addr": c.Bind, "client_addr": c.Bind, "advertise_addr": c.Bind,
		// Consul's own 200 a client address are soon used up where many hosts
		// come from one: all of a lab's, and those behind a forwarder.
		"limits": map[string]int{"http_max_conns_per_client": maxConsulConns},
		"ports": map[string]int{
			"http": c.HTTPPort, "server": c.ServerPort, "serf_lan": c.SerfPort,
			"serf_wan": -1, "dns": -1, "grpc": -1, "grpc_tls": -1,
		},
		// Deregistration of a host that went away should be seen in seconds.
		"performance":          map[string]int{"raft_multiplier": 1},
		"disable_update_check": true, "log_level": "WARN",
		"ui_config": map[string]bool{"enabled": true},
	}
	text, err := json.MarshalIndent(conf, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("start consul: %w", err)
	}
	path, err := writeConfig(c.DataDir, "consul.json", text)
	if err != nil {
		return nil, fmt.Errorf("start consul: %w", err)
	}
	child, err := StartChild(ChildSpec{
		Name: "consul", Path: c.Binary, Args: []string{"agent", "-config-file", path},
		Log: filepath.Join(c.DataDir, "consul.log"), Logger: c.Logger,
	})
	if err != nil {
		return nil, err
	}
	srv := &Consul{Child: child, Address: fmt.Sprintf("http://%s", net.JoinHostPort(c.Bind, fmt.Sprint(c.HTTPPort)))}
	if err := child.wait(ctx, "a leader", leader(srv.Address+"/v1/status/leader")); err != nil {
		child.Stop()
		return nil, err
	}
	return srv, nil
}

// NomadConfig describes one supervised Nomad server, with a client in the same
// process where Client is set.
type NomadConfig struct {
	Binary  string
	DataDir string
	// Ports on Bind; 0 takes a free one.
	HTTPPort, RPCPort, SerfPort int
	Bind                        string // "" means 127.0.0.1
	Region                      string // "" means "global"
	// AdvertiseRPC is what clients dial: they use what a server advertises, not
	// what they were configured with. "" means Bind and RPCPort.
	AdvertiseRPC string
	Servers      int
	RetryJoin    []string
	// Client also runs a Nomad client with raw_exec, in node pool NodePool.
	Client   bool
	NodePool string
	Logger   *slog.Logger
}

// Nomad is a running Nomad agent.
type Nomad struct {
	*Child
	Address string // of its HTTP API
	RPC     string // host:port where it listens for clients' RPC
}

// StartNomad starts a Nomad server and waits until it knows a leader.
func StartNomad(ctx context.Context, c NomadConfig) (*Nomad, error) {
	c.Bind = orDefault(c.Bind, "127.0.0.1")
	if err := freePorts(c.Bind, &c.HTTPPort, &c.RPCPort, &c.SerfPort); err != nil {
		return nil, fmt.Errorf("start nomad: %w", err)
	}
	at := func(port int) string { return net.JoinHostPort(c.Bind, fmt.Sprint(port)) }
	c.AdvertiseRPC = orDefault(c.AdvertiseRPC, at(c.RPCPort))
	path, err := writeConfig(c.DataDir, "nomad.hcl", c.hcl(at))
	if err != nil {
		return nil, fmt.Errorf("start nomad: %w", err)
	}
	child, err := StartChild(ChildSpec{
		Name: "nomad", Path: c.Binary, Args: []string{"agent", "-config", path},
		Log: filepath.Join(c.DataDir, "nomad.log"), Logger: c.Logger,
	})
	if err != nil {
		return nil, err
	}
	srv := &Nomad{Child: child, Address: "http://" + at(c.HTTPPort), RPC: at(c.RPCPort)}
	if err := child.wait(ctx, "a leader", leader(srv.Address+"/v1/status/leader")); err != nil {
		child.Stop()
		return nil, err
	}
	return srv, nil
}

// hcl is the agent's configuration: Nomad's reader of JSON refuses much that
// its reader of HCL takes.
func (c NomadConfig) hcl(at func(port int) string) []byte {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("name = %q", "ophub")
	p("region = %q", orDefault(c.Region, "global"))
	p("data_dir = %q", filepath.Join(c.DataDir, "data"))
	p("bind_addr = %q", c.Bind)
	p("disable_update_check = true")
	p("log_level = %q", "WARN")
	p("ports {\n  http = %d\n  rpc  = %d\n  serf = %d\n}", c.HTTPPort, c.RPCPort, c.SerfPort)
	p("advertise {\n  http = %q\n  rpc  = %q\n  serf = %q\n}", at(c.HTTPPort), c.AdvertiseRPC, at(c.SerfPort))
	p("consul {\n  client_auto_join = false\n  server_auto_join = false\n  auto_advertise   = false\n}")
	p("server {\n  enabled          = true\n  bootstrap_expect = %d\n  heartbeat_grace  = %q", max(c.Servers, 1), "10s")
	if len(c.RetryJoin) > 0 {
		quoted := make([]string, len(c.RetryJoin))
		for i, s := range c.RetryJoin {
			quoted[i] = fmt.Sprintf("%q", s)
		}
		p("  server_join {\n    retry_join = [%s]\n  }", strings.Join(quoted, ", "))
	}
	p("}")
	if c.Client {
		p("client {\n  enabled           = true\n  network_interface = %q\n  node_pool         = %q", "lo", orDefault(c.NodePool, "default"))
		p("  options {\n    \"fingerprint.denylist\" = %q\n  }\n}", "env_aws,env_gce,env_azure,env_digitalocean")
		p("plugin %q {\n  config {\n    enabled = true\n  }\n}", "raw_exec")
	}
	return []byte(b.String())
}

// leader asks a status endpoint, which answers "" in JSON while there is none.
func leader(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
		if err != nil {
			return err
		}
		text := strings.TrimSpace(string(body))
		if resp.StatusCode != http.StatusOK || text == "" || text == `""` {
			return fmt.Errorf("%s answered %s %s", url, resp.Status, text)
		}
		return nil
	}
}

func writeConfig(dir, name string, text []byte) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	return path, os.WriteFile(path, text, 0o600)
}

// freePorts replaces each 0 by a port that TCP and UDP have free at the moment.
func freePorts(bind string, ports ...*int) error {
	for _, p := range ports {
		for try := 0; *p == 0; try++ {
			l, err := net.Listen("tcp", net.JoinHostPort(bind, "0"))
			if err != nil {
				return fmt.Errorf("find a free port on %s: %w", bind, err)
			}
			defer l.Close() // held until all are chosen, so that no two are the same
			u, err := net.ListenPacket("udp", l.Addr().String())
			if err != nil {
				if try > 20 {
					return fmt.Errorf("find a free port on %s: %w", bind, err)
				}
				continue
			}
			defer u.Close()
			*p = l.Addr().(*net.TCPAddr).Port
		}
	}
	return nil
}

func orDefault(s, d string) string {
	if s == "" {
		return d
	}
	return s
}
