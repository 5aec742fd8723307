package provider

import (
	"context"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// claims is what the resources of one walk have said that they own, so that two
// which want one thing are told before anything is touched.
//
// A provider is not told the addresses of resources. One is known again by
// whether it has state: two that are created cannot be the same, and one that
// is replaced is planned twice, with state and then without, from one
// configuration.
type claims struct {
	mu    sync.Mutex
	taken map[string]claimant
	ports map[string]plannedPort
	hosts map[string][]string
}

// claimant is a resource that holds a claim.
type claimant struct {
	// label is what people call it: `cthulix_host "node1"`.
	label string
	// field is where it says so, below label: `ports["GigabitEthernet1/0/1"]`.
	field  string
	stored bool
	config string // as it came
}

func (c claimant) String() string {
	if c.field == "" {
		return c.label
	}
	return c.label + " (" + c.field + ")"
}

func (c claimant) at(field string) claimant {
	c.field = field
	return c
}

// plannedPort is how a port will be once the plan is applied.
type plannedPort struct {
	port fabric.Port
	by   string
}

func newClaims() *claims {
	return &claims{taken: map[string]claimant{}, ports: map[string]plannedPort{}, hosts: map[string][]string{}}
}

// claimantOf names the resource that a plan is for.
func claimantOf(ctx context.Context, label string, state tfsdk.State) claimant {
	return claimant{label: label, stored: !state.Raw.IsNull(), config: carriedBy(ctx).config}
}

// take claims thing for who. It returns the other when it is taken already.
func (c *claims) take(thing string, who claimant) (other claimant, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	holder, taken := c.taken[thing]
	if taken && !holder.replacedBy(who) {
		return holder, false
	}
	c.taken[thing] = who
	return claimant{}, true
}

// replacedBy tells whether next is the second half of c's own replacement.
func (c claimant) replacedBy(next claimant) bool {
	return c.stored && !next.stored && c.label == next.label && c.config == next.config
}

// planPort notes how a port will be.
func (c *claims) planPort(sw string, port fabric.Port, by string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ports[sw+" "+port.Name] = plannedPort{port: port, by: by}
}

// plannedPort returns how a port will be, if a resource of this walk said so.
func (c *claims) plannedPort(sw, name string) (plannedPort, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.ports[sw+" "+name]
	return p, ok
}

// portsOf returns the ports of a switch of which a resource of this walk has said
// how they will be.
func (c *claims) portsOf(sw string) map[string]fabric.Port {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]fabric.Port{}
	for key, p := range c.ports {
		if key == sw+" "+p.port.Name {
			all[p.port.Name] = p.port
		}
	}
	return all
}

// cable is what a host claims of a port.
func cable(sw, port string) string { return fmt.Sprintf("the cable in port %s of switch %s", port, sw) }

// planHost notes which kernels a host will serve.
func (c *claims) planHost(name string, kernels []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hosts[name] = kernels
}

// plannedHost returns the kernels that a host will serve, if a resource of this
// walk said so.
func (c *claims) plannedHost(name string) (kernels []string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kernels, ok = c.hosts[name]
	return kernels, ok
}

// claimed tells whether a resource of this walk claims thing.
func (c *claims) claimed(thing string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.taken[thing]
	return ok
}
