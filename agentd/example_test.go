package agentd_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/cthulix/terraform-provider-cthulix/agentd"
)

// What cmd/agentd does as process 1: run until the host is to end, then end it.
func ExampleRun() {
	if os.Getpid() != 1 {
		return
	}
	linux := agentd.NewLinux()
	action, err := agentd.Run(context.Background(), agentd.Config{
		OS: linux, Version: "1.0.0", Logger: slog.New(agentd.NewConsole(os.Stderr)),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err := linux.Halt(action); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// The boot script tells the agent who it is to ask.
func ExampleParseCmdline() {
	p, err := agentd.ParseCmdline("console=ttyS0 cthulix.opserver=http://10.20.0.1:8080 " +
		"cthulix.image=K-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef cthulix.host=node1 cthulix.mac=52:54:00:00:00:01")
	fmt.Println(p.Host, p.Image.Short(), p.MAC, p.Opserver, err)

	_, err = agentd.ParseCmdline("console=ttyS0 cthulix.mac=52:54")
	fmt.Println(err)
	// Output:
	// node1 K-0123456789ab 52:54:00:00:00:01 http://10.20.0.1:8080 <nil>
	// linux command line: cthulix.mac="52:54": address 52:54: invalid MAC address
}
