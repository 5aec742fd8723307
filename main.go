// Command terraform-provider-cthulix is started by Terraform and OpenTofu. It
// serves the provider and does nothing else; the operator's command is
// cmd/cthulix.
package main

import (
	"flag"
	"log"
	"os"
	rundebug "runtime/debug"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/cthulix/terraform-provider-cthulix/provider"
)

// version is set by the linker when a release is made.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve until interrupted and print how Terraform can attach, so that a debugger can be used")
	flag.Parse()
	// A plan of a thousand ports makes much that is dead at once, in a process
	// that lives for seconds and is small: it collects less often.
	if os.Getenv("GOGC") == "" {
		rundebug.SetGCPercent(400)
	}

	var serveOpts []tf6server.ServeOpt
	if *debug {
		serveOpts = append(serveOpts, tf6server.WithManagedDebug())
	}
	server, err := provider.New(version)
	if err != nil {
		log.Fatal(err)
	}
	err = tf6server.Serve(provider.Address, func() tfprotov6.ProviderServer { return server }, serveOpts...)
	if err != nil {
		log.Fatal(err)
	}
}
