package agentd

import (
	"context"
	"os"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/agentd/inventory"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// inventory is what the host is made of, and who is at the ends of its cables.
func (a *agent) inventory() *ophub.Inventory {
	inv := inventory.Read(os.DirFS(a.cfg.Root))
	for i, nic := range inv.NICs {
		inv.NICs[i].Neighbors = a.cables.neighbors(nic.Name)
	}
	a.mu.Lock()
	inv.BMC = a.inBand
	a.mu.Unlock()
	inv.Taken = time.Now()
	inv = inv.Tidy()
	return &inv
}

// askBMC puts the BMC's address into the inventory. A BMC may take its time,
// which nobody waits for.
func (a *agent) askBMC(ctx context.Context) {
	bmc := a.os.BMC(ctx)
	a.mu.Lock()
	a.inBand = bmc
	a.mu.Unlock()
	a.touch()
}
