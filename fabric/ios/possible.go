package ios

import (
	"maps"
	"slices"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// modesPossible finds what asks for a static port and stands on one that is
// dynamic, if only since that is the platform's default.
func modesPossible(obs fabric.Observation, to state, want fabric.Want) fabric.FieldErrors {
	var es fabric.FieldErrors
	for _, name := range slices.Sorted(maps.Keys(want.Ports)) {
		a, p := to.ports[name], want.Ports[name]
		mode := a.mode
		if mode == "" {
			mode = string(obs.Capabilities.DefaultMode)
		}
		if static(mode) || mode == "" {
			continue
		}
		path := []string{"ports", name}
		if p.Negotiate == fabric.Disable && a.set[setNonegotiate] != "" {
			es = append(es, &fabric.FieldError{Path: append(path, "negotiate"), Summary: "a port in the mode " + mode + " negotiates",
				Detail: `it needs the mode "access" or "trunk" to be told not to`})
		}
		if p.PortSecurity.Enabled == fabric.Enable {
			es = append(es, &fabric.FieldError{Path: append(path, "port_security", "enabled"), Summary: "a port in the mode " + mode + " cannot have port security",
				Detail: `it needs the mode "access" or "trunk"`})
		}
	}
	return es
}
