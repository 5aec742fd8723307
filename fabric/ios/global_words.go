package ios

import (
	"fmt"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/internal/vlanlines"
)

// listed writes a list for commands that know no word for all VLANs.
func listed(prefix string, set fabric.VLANSet) []string {
	if set.IsAll() {
		return []string{fmt.Sprintf("%s%d-%d", prefix, fabric.MinVLAN, fabric.MaxVLAN)}
	}
	return vlanlines.Chunked(prefix, set.String())
}

// spokenTree leaves a default spanning tree alone where the switch has one. A
// running configuration has a line for the default, too, which "no spanning-tree
// mode" does not take away, and which of PVST+ and Rapid PVST+ it is depends on
// the release: neither is told from a choice.
func spokenTree(have globalAttrs, want fabric.Global) fabric.Global {
	if want.SpanningTreeMode == string(fabric.Default) && strings.HasSuffix(have.mode, "pvst") {
		want.SpanningTreeMode = have.mode
	}
	return want
}

// MTUWaitsForReload says whether a new system MTU takes effect at the switch's
// next reload alone. From IOS-XE 16 on it does at once; NX-OS has no such wait
// (Catalyst and Nexus interface configuration guides).
func MTUWaitsForReload(obs fabric.Observation) bool {
	major, _, _ := strings.Cut(obs.Version, ".")
	return obs.Nexus == nil && number(major) < 16
}
