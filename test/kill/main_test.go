// Package kill ends applies with SIGKILL at every point, and has the next apply
// find what they left. The provider is a process of its own, this test's binary
// once more; Consul, Nomad and the BMCs are as in the lab, the machines light.
package kill

import (
	"fmt"
	"os"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/cthulix/terraform-provider-cthulix/provider"
)

// pidsEnv names the directory in which each provider process leaves a file that
// is called as its process is numbered. Where it is set, this binary is Terraform's
// plugin.
const pidsEnv = "CTHULIX_KILL_PIDS"

func TestMain(m *testing.M) {
	if dir := os.Getenv(pidsEnv); dir != "" {
		if err := plugin(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func plugin(dir string) error {
	if err := os.WriteFile(fmt.Sprintf("%s/%d", dir, os.Getpid()), nil, 0o600); err != nil {
		return err
	}
	server, err := provider.New("kill")
	if err != nil {
		return err
	}
	return tf6server.Serve(provider.Address, func() tfprotov6.ProviderServer { return server })
}
