package provider

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// given is what opservers give away by DHCP.
type given struct {
	leases []ophub.Lease
	pools  []ophub.Pool
}

// given reads the records of addresses. Those that cannot be read are no reason
// against a plan.
func (s *site) given(ctx context.Context) (g given) {
	hub, err := s.ophubClient()
	if err != nil {
		return g
	}
	ctx, cancel := context.WithTimeout(ctx, placeLimit)
	defer cancel()
	if g.leases, err = hub.Leases(ctx); err == nil {
		g.pools, _ = hub.Pools(ctx)
	}
	return g
}

// checkStatic names an address that is to be somebody's for good and that an
// opserver gives away: an error if another machine has it now, else a warning, for
// the opserver may be one of before. mac is the one whose own lease is none of
// another.
func (g given) checkStatic(at path.Path, address, whose, mac string, diags *diag.Diagnostics) {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return // its validator has told
	}
	for _, l := range g.leases {
		if l.IP == a.String() && l.MAC != mac && l.Expires.After(time.Now()) {
			who := "the machine " + l.MAC
			if l.Host != "" {
				who = fmt.Sprintf("host %s (%s)", l.Host, l.MAC)
			}
			diags.AddAttributeError(at, "The address is another machine's",
				fmt.Sprintf("%s is to have %s for good, and DHCP has given it to %s until %s. Choose an address outside of the opserver's range.", whose, a, who, l.Expires.UTC().Format("2006-01-02 15:04 MST")))
			return
		}
	}
	for _, p := range g.pools {
		if p.Contains(a) {
			diags.AddAttributeWarning(at, "The address is in the range of DHCP",
				fmt.Sprintf("%s is to have %s for good, and the opserver at %s hands out %s to %s: sooner or later two have the same. Choose another address, or start the opserver with a range that leaves it out.", whose, a, p.Opserver, p.First, p.Last))
			return
		}
	}
}

// checkAddresses checks those that a switch is to have on its SVIs.
func (r *switchResource) checkAddresses(ctx context.Context, m switchModel, diags *diag.Diagnostics) {
	svis := switchSVIs.known(ctx, m.SVIs, diags)
	if len(svis) == 0 {
		return
	}
	given := r.site.given(ctx)
	for id, svi := range svis {
		for i, v := range svi.Addresses.Elements() {
			if s, ok := v.(types.String); ok && !s.IsUnknown() {
				address, _, _ := strings.Cut(s.ValueString(), "/")
				at := path.Root("svis").AtMapKey(id).AtName("addresses").AtListIndex(i)
				given.checkStatic(at, address, "SVI "+id+" of switch "+m.Name.ValueString(), "", diags)
			}
		}
	}
}
