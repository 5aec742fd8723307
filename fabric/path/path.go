package path

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Management says how the operator reaches the switch. All of it is optional:
// the more is known, the more can be proved.
type Management struct {
	// Address is the switch's own address, the one that is dialled. A loopback
	// address is the end of some tunnel and says nothing.
	Address netip.Addr
	// ClientAddr is where the session comes from. It decides whether answers
	// need the default gateway.
	ClientAddr netip.Addr
	// Interface is what the operator declared: the interface that holds the
	// address (an SVI, a routed or management port), or the port or
	// port-channel through which the management VLAN comes in.
	Interface string
	// Uplink is the port or port-channel through which the sessions come in,
	// where that was learned (see Ingress).
	Uplink string
	// Down names ports that are known to have no link: they cannot be the way.
	Down []string
	// Facts are what Read found in the same observation. They are needed where
	// the observation was stored without its running configuration.
	Facts *Facts
}

// Path is the way by which the switch is managed.
type Path struct {
	// Interface holds the management address.
	Interface string     `json:"interface"`
	Address   netip.Addr `json:"address,omitzero"`
	// VLAN is 0 for a routed or management port.
	VLAN int `json:"vlan,omitempty"`
	// Uplink is the port or port-channel where the VLAN comes in, empty if it
	// is not known; then Candidates are those that may be it.
	Uplink     string   `json:"uplink,omitempty"`
	Candidates []string `json:"candidates,omitempty"`
	// Tagging is how the VLAN travels on the uplink: "untagged" or "tagged".
	Tagging string `json:"tagging,omitempty"`
	// Gateway is the next hop of answers to a client outside of the subnet.
	Gateway netip.Addr `json:"gateway,omitzero"`
}

// String tells the way from the switch outwards.
func (p Path) String() string {
	var b strings.Builder
	b.WriteString(p.Interface)
	if p.Address.IsValid() {
		fmt.Fprintf(&b, " (%s)", p.Address)
	}
	switch {
	case p.Uplink != "" && p.Uplink != p.Interface:
		fmt.Fprintf(&b, ", VLAN %d %s through %s", p.VLAN, p.Tagging, p.Uplink)
	case p.VLAN != 0 && len(p.Candidates) > 0:
		fmt.Fprintf(&b, ", VLAN %d through %s", p.VLAN, few(p.Candidates, "or"))
	}
	if p.Gateway.IsValid() {
		fmt.Fprintf(&b, ", gateway %s", p.Gateway)
	}
	return b.String()
}

// Doubt is a line that cannot be shown to keep the path, and cannot be shown
// to cut it either.
type Doubt struct {
	Number int    `json:"number"` // of the line, from 1
	Line   string `json:"line"`
	Why    string `json:"why"`
}

func (d Doubt) String() string { return fmt.Sprintf("line %d, %q: %s", d.Number, d.Line, d.Why) }

// Verdict is how much was proved about a change that is not refused.
type Verdict struct {
	// Known says that the whole path is known and that it is up after each
	// line. Without it, Why says what is missing.
	Known bool   `json:"known"`
	Why   string `json:"why,omitempty"`
	Path  Path   `json:"path"`
	// Doubts are lines that this package cannot judge.
	Doubts []Doubt `json:"doubts,omitempty"`
}

// CutError says that a line would cut the management path.
type CutError struct {
	Line    string
	Number  int // from 1
	Total   int
	Context string // "interface GigabitEthernet1/0/48", empty for a global line
	Why     string
	Path    Path
}

func (e *CutError) Error() string {
	within := ""
	if e.Context != "" && !strings.EqualFold(e.Context, e.Line) {
		within = fmt.Sprintf(" (%s)", e.Context)
	}
	return fmt.Sprintf("line %d of %d, %q%s, would cut the management path %s: %s", e.Number, e.Total, e.Line, within, e.Path, e.Why)
}

// Prove plays the lines of a change over the switch that was observed. The
// error is a *CutError for the first line after which the management path is
// gone, whatever the lines after it would mend: they would not arrive.
func Prove(obs fabric.Observation, lines []string, m Management) (Verdict, error) {
	facts := m.Facts
	if facts == nil {
		f := Read(obs)
		facts = &f
	}
	var verdict Verdict
	proved := false
	// What a negotiating port settled on is not in the configuration: the
	// change must hold for either outcome under which the path is up at all.
	for i, negotiated := range []string{modeAccess, modeTrunk} {
		start := build(obs, *facts)
		start.negotiated = negotiated
		guards, why := newGuards(start, m)
		if len(guards) == 0 && i == 0 {
			verdict.Why = why
		}
		for _, g := range guards {
			v, err := g.replay(build(obs, *facts), lines)
			if err != nil {
				return Verdict{Why: err.Why, Path: err.Path}, err
			}
			if !proved || !v.Known {
				verdict, proved = v, true
			}
		}
	}
	return verdict, nil
}

// few joins names, and counts what would be too many to read.
func few(names []string, last string) string {
	const most = 4
	switch {
	case len(names) == 1:
		return names[0]
	case len(names) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names[:len(names)-1], ", ") + " " + last + " " + names[len(names)-1]
}
