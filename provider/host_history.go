package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// history is what applies left of a host, beside its state. State follows what
// is observed; this tells what changed since, and what a machine that is not
// restarted at once was booted with.
type history struct {
	// Applied is the record as the last apply left it, Power what it asked of
	// the machine.
	Applied *ophub.Host `json:"applied,omitempty"`
	Power   string      `json:"power,omitempty"`
	// Booted is the record as it was when the machine booted, BootID that boot.
	Booted *ophub.Host `json:"booted,omitempty"`
	BootID string      `json:"boot_id,omitempty"`
}

const historyKey = "history"

func readHistory(ctx context.Context, p privateReader, diags *diag.Diagnostics) (h history) {
	b, more := p.GetKey(ctx, historyKey)
	diags.Append(more...)
	if len(b) == 0 {
		return h
	}
	if err := json.Unmarshal(b, &h); err != nil {
		diags.AddWarning("What earlier applies left of a host cannot be read", fmt.Sprintf("%v\n\nThe plan is made from what is observed alone.", err))
		return history{}
	}
	return h
}

func (h history) write(ctx context.Context, p privateWriter, diags *diag.Diagnostics) {
	b, err := json.Marshal(h)
	if err != nil {
		diags.AddWarning("What this apply did to a host is not kept", err.Error())
		return
	}
	diags.Append(p.SetKey(ctx, historyKey, b)...)
}

// after is the history once record is stored and, if agent is not nil, proved
// to be what runs.
func (h history) after(record ophub.Host, power string, agent *ophub.Agent, restarted bool) history {
	next := history{Applied: &record, Power: power, Booted: h.Booted, BootID: h.BootID}
	if agent != nil && (restarted || h.Booted == nil || agent.BootID != h.BootID) {
		next.Booted, next.BootID = &record, agent.BootID
	}
	return next
}

// asked is what the user last asked for: without a history, what is observed.
func (h history) asked(observed ophub.Host) ophub.Host {
	if h.Applied != nil {
		return *h.Applied
	}
	return observed
}

// booted is the record that the machine was booted with, as far as one knows:
// one that was restarted since took what its record says.
func (h history) booted(observed ophub.Host, bootID string) ophub.Host {
	if h.Booted != nil && (bootID == "" || bootID == h.BootID) {
		return *h.Booted
	}
	return observed
}
