package provider

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	management "github.com/cthulix/terraform-provider-cthulix/fabric/path"
)

const cutSummary = "The change would cut the way to the switch"

const cutAdvice = "Send it another way (the console, another uplink), split it so that the way stays up, or set allow_disruptive = true " +
	"on the switch, if you can reach it otherwise or are sure that it comes back."

// keepsTheWay refuses a plan that would cut the way by which the switch is
// managed, and names the line. What cannot be proved is told where somebody
// asked for the proof.
func (h holding) keepsTheWay(d *device, seen sight, st step, diags *diag.Diagnostics) {
	lines := st.change.Commands
	if len(lines) == 0 || h.disruptive || d.disruptive {
		return
	}
	verdict, err := d.prove(seen, lines)
	var cut *management.CutError
	switch {
	case errors.As(err, &cut):
		diags.AddAttributeError(h.named, cutSummary, fmt.Sprintf("%s: %v.\n\n%s", h.sw, err, cutAdvice))
		return
	case err != nil:
		diags.AddAttributeError(h.named, "The way to the switch cannot be worked out", fmt.Sprintf("%s: %v", h.sw, err))
		return
	}
	if !verdict.Known && d.management != "" && slices.Contains(lines, "interface "+d.management) {
		diags.AddAttributeError(h.at([]string{"ports", d.management}), "The switch is managed through this port",
			fmt.Sprintf("%s is the management_interface of %s, and it cannot be proved that the way to the switch stays up: %s.\n\n%s",
				d.management, h.sw, verdict.Why, cutAdvice))
		return
	}
	var doubts []string
	for _, doubt := range verdict.Doubts {
		doubts = append(doubts, doubt.String())
	}
	if len(doubts) > 0 {
		diags.AddWarning("The way to the switch may be cut",
			fmt.Sprintf("%s is reached by %s. Of these lines it cannot be said whether they keep it:\n%s", h.sw, verdict.Path, indent(doubts)))
		return
	}
	if !verdict.Known && d.management != "" {
		diags.AddWarning("It is not proved that the way to the switch stays up",
			fmt.Sprintf("%s: %s.", h.sw, strings.TrimSuffix(verdict.Why, ".")))
	}
}
