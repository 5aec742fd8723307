package machine_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// A machine without a wire is switched on, reset and switched off.
func Example() {
	dir, err := os.MkdirTemp("", "machine-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	m, err := machine.New(machine.Config{Name: "node1", RunDir: dir, MemoryMiB: 128, Accelerator: "tcg"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	events := m.Events(ctx)
	for _, verb := range []func(context.Context) error{m.PowerOn, m.Reset} {
		if err := verb(ctx); err != nil {
			fmt.Println(err)
			return
		}
	}
	if err := m.Close(); err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		e := <-events
		fmt.Printf("%s: %s (%s)\n", e.Machine, e.Kind, e.Detail)
	}
	// Output:
	// node1: power on (legacy BIOS, its own order)
	// node1: reset (reset line, legacy BIOS, its own order)
	// node1: power off (switched off)
}
