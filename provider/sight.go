package provider

import (
	"maps"
	"regexp"
	"slices"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	management "github.com/cthulix/terraform-provider-cthulix/fabric/path"
)

// sight is a switch as it was seen, fit to be kept in state and on disk: it
// holds none of the lines that may hold a secret.
type sight struct {
	fabric.Observation
	// Facts are what the running configuration said of the way to the switch.
	// They are nil in what earlier versions kept.
	Facts *management.Facts `json:"facts,omitempty"`
	// Withheld are the ports and SVIs of which lines were left out, so that
	// their fingerprints are not those of the switch.
	Withheld []string `json:"withheld,omitempty"`
}

// mayBeSecret finds lines of an interface that may hold a key or a password.
var mayBeSecret = regexp.MustCompile(`(?i)\b(?:key|key-string|keystring|password|secret|pmk|md5|community)\b|^(?:standby|vrrp|glbp)\b.*\bauthentication\b`)

// look makes a sight of an observation. It drops what must not be kept: the
// running configuration, the lines of routed ports and all that may be secret.
// None of it is needed to plan, but on a Nexus, where a routed port can be one
// that nobody has touched yet.
func look(obs fabric.Observation) sight {
	facts := management.Read(obs)
	s := sight{Facts: &facts}
	withhold := func(name string, lines []string) []string {
		kept := slices.DeleteFunc(slices.Clone(lines), mayBeSecret.MatchString)
		if len(kept) < len(lines) {
			s.Withheld = append(s.Withheld, name)
		}
		return kept
	}
	ports := make(map[string]fabric.Port, len(obs.Ports))
	for name, p := range obs.Ports {
		p.Other = nil
		if p.Routed && obs.Nexus == nil {
			p.Lines = nil
		}
		p.Lines = withhold(name, p.Lines)
		ports[name] = p
	}
	svis := maps.Clone(obs.SVIs)
	for id, v := range svis {
		v.Other, v.Lines = nil, withhold(fabric.SVIName(id), v.Lines)
		svis[id] = v
	}
	slices.Sort(s.Withheld)
	obs.Running, obs.Ports, obs.SVIs = "", ports, svis
	s.Observation = obs
	return s
}

// fingerprint names the state of what want names, or is empty if the switch
// holds more of it than was kept.
func (s sight) fingerprint(want fabric.Want) string {
	for _, name := range s.Withheld {
		if _, touched := want.Ports[name]; touched {
			return ""
		}
		if _, touched := want.Restore[name]; touched {
			return ""
		}
		id := fabric.SVINumber(name)
		if _, touched := want.SVIs[id]; touched || slices.Contains(want.AbsentSVIs, id) {
			return ""
		}
	}
	return fabric.ScopeFingerprint(s.Observation, want)
}
