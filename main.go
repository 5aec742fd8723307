// Command terraform-provider-cthulix is started by Terraform and OpenTofu. It
// serves the provider and does nothing else; the operator's command is
// cmd/cthulix.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	rundebug "runtime/debug"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

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

	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address: provider.Address,
		Debug:   *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}
