package agentd

import (
	"fmt"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// Each client on a host has ports of its own: the first one Nomad's usual
// ones, the next ten higher, and so on.
const (
	firstPort = 4646
	portStep  = 10
)

// How long a client gives its work to move away when the host goes down, and
// how long the agent then waits for the client itself. A BMC that was asked
// for a soft power-off waits no longer than that either.
const (
	drainDeadline = 15 * time.Second
	clientGrace   = drainDeadline + 10*time.Second
)

// skippedFingerprints look for what a RAM host never has, and some of them
// wait for an answer from the network.
var skippedFingerprints = []string{
	"env_aws", "env_azure", "env_digitalocean", "env_gce",
	"bridge", "cni", "plugins_cni", "consul", "vault",
}

// nomadClient is all that the configuration of one Nomad client depends on.
type nomadClient struct {
	Host   string
	Image  keg.KID
	Kernel ophub.Attachment
	// Port is the first of the client's three; its HTTP API is on it.
	Port    int
	Address netip.Addr
	Link    string
}

// dir is where the client keeps everything.
func (c nomadClient) dir() string { return path.Join(stateDir, "kernels", c.Kernel.Name) }

// localURL is the client's own API as the agent reaches it.
func (c nomadClient) localURL() string {
	return "http://127.0.0.1:" + strconv.Itoa(c.Port)
}

// HCL is the client's configuration file.
func (c nomadClient) HCL() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	addr := c.Address.String()

	line("# The Nomad client of host %s for kernel %s. Written by agentd at boot: changes are lost.", c.Host, c.Kernel.Name)
	line("name      = %s", quote(c.Host))
	line("data_dir  = %s", quote(c.dir()))
	line("bind_addr = %s", quote(addr))
	line("log_level = \"INFO\"")
	line("")
	line("# The agent asks on the loopback how the node is.")
	line("addresses {")
	line("  http = %s", quote("127.0.0.1 "+addr))
	line("}")
	line("advertise {")
	line("  http = %s", quote(addr))
	line("}")
	line("ports {")
	line("  http = %d", c.Port)
	line("  rpc  = %d", c.Port+1)
	line("  serf = %d", c.Port+2)
	line("}")
	line("")
	line("disable_update_check        = true")
	line("disable_anonymous_signature = true")
	line("leave_on_interrupt          = true")
	line("leave_on_terminate          = true")
	line("")
	line("client {")
	line("  enabled           = true")
	line("  node_pool         = %s", quote(c.Kernel.NodePool))
	line("  servers           = %s", quoteList(c.Kernel.NomadServers))
	line("  network_interface = %s", quote(c.Link))
	line("")
	line("  drain_on_shutdown {")
	line("    deadline           = %s", quote(drainDeadline.String()))
	line("    ignore_system_jobs = true")
	line("  }")
	line("  meta {")
	line("    cthulix_host   = %s", quote(c.Host))
	line("    cthulix_image  = %s", quote(string(c.Image)))
	line("    cthulix_kernel = %s", quote(c.Kernel.Name))
	line("  }")
	line("  options {")
	line("    \"driver.allowlist\"     = \"raw_exec\"")
	line("    \"fingerprint.denylist\" = %s", quote(strings.Join(skippedFingerprints, ",")))
	line("  }")
	line("  # The root is the initramfs, where Landlock has no paths to hold on to.")
	line("  artifact {")
	line("    disable_filesystem_isolation = true")
	line("  }")
	line("}")
	line("")
	line("plugin \"raw_exec\" {")
	line("  config {")
	line("    enabled = true")
	line("  }")
	line("}")
	line("")
	line("# Hosts register in Consul by themselves.")
	line("consul {")
	line("  auto_advertise   = false")
	line("  client_auto_join = false")
	line("}")
	line("telemetry {")
	line("  disable_hostname           = true")
	line("  publish_allocation_metrics = false")
	line("  publish_node_metrics       = false")
	line("}")
	return b.String()
}

// quote makes a string literal of HCL, in which ${ would be an expression.
func quote(s string) string {
	return strings.ReplaceAll(strconv.Quote(s), "${", "$${")
}

func quoteList(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
