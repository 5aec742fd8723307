package ophub

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Budget is how often a host may begin to boot without its agent registering:
// Attempts times in Minutes. The zero value of each is the default.
type Budget struct {
	Attempts int `json:"attempts,omitempty"`
	Minutes  int `json:"minutes,omitempty"`
}

// The default budget, and its bounds.
const (
	DefaultAttempts = 5
	DefaultMinutes  = 15

	MaxAttempts = 100
	MaxMinutes  = 24 * 60
)

func (b Budget) orDefault() Budget {
	if b.Attempts == 0 {
		b.Attempts = DefaultAttempts
	}
	if b.Minutes == 0 {
		b.Minutes = DefaultMinutes
	}
	return b
}

// problem says what is wrong with a budget.
func (b Budget) problem() string {
	if b.Attempts < 0 || b.Attempts > MaxAttempts || b.Minutes < 0 || b.Minutes > MaxMinutes {
		return fmt.Sprintf("%d boots in %d minutes: want up to %d in up to %d, and 0 for the default of %d in %d",
			b.Attempts, b.Minutes, MaxAttempts, MaxMinutes, DefaultAttempts, DefaultMinutes)
	}
	return ""
}

// Quarantine is why a host is not given its image any more.
type Quarantine struct {
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

// Spend counts a boot that begins now among those before it, as far as the
// budget looks back. over says that it is one too many, and is not counted.
func (b Budget) Spend(starts []time.Time, now time.Time) (kept []time.Time, over bool) {
	b = b.orDefault()
	window := time.Duration(b.Minutes) * time.Minute
	// Clocks of opservers differ a little; what seems to be to come counts.
	kept = slices.DeleteFunc(starts, func(t time.Time) bool { return now.Sub(t) >= window })
	if len(kept) >= b.Attempts {
		return kept, true
	}
	return append(kept, now), false
}

// Overspent is the quarantine of a machine that has spent its budget; without is
// what it has not done meanwhile.
func (b Budget) Overspent(starts []time.Time, now time.Time, without string) *Quarantine {
	return &Quarantine{Since: now, Reason: fmt.Sprintf("it has begun to boot %d times within %d minutes without %s", len(starts)+1, b.orDefault().Minutes, without)}
}

// begin counts a boot that begins now, and quarantines the host when that is
// one too many. It reports whether the host may have its image.
func (b *Boot) begin(budget Budget, now time.Time) bool {
	if b.Quarantine != nil {
		return false
	}
	var over bool
	if b.Starts, over = budget.Spend(b.Starts, now); over {
		b.Quarantine = budget.Overspent(b.Starts, now, "its agent registering")
	}
	return !over
}

// proven forgets failed boots: the agent has registered.
func (b *Boot) proven() { b.Starts, b.Quarantine = nil, nil }

// BeginBoot counts a boot against a host's budget, before the host is given its
// image. It returns the quarantine that the host is in, by this boot or by an
// earlier one; nil when it may boot.
func (h *Hub) BeginBoot(ctx context.Context, host string, budget Budget) (*Quarantine, error) {
	if err := checkName("host", host); err != nil {
		return nil, err
	}
	var in *Quarantine
	err := h.changeBoot(ctx, "begin boot of host "+host, host, func(b *Boot) error {
		if b.Quarantine == nil {
			b.begin(budget, h.now().UTC().Round(0))
		}
		in = b.Quarantine
		return nil
	})
	if err != nil {
		return nil, err
	}
	return in, nil
}

// ReleaseHost lifts a host's quarantine, and forgets the boots that led to it.
// It reports whether there was one.
func (h *Hub) ReleaseHost(ctx context.Context, host string) (bool, error) {
	if _, err := h.Host(ctx, host); err != nil {
		return false, err
	}
	was := false
	err := h.changeBoot(ctx, "release host "+host, host, func(b *Boot) error {
		was = b.Quarantine != nil
		b.proven()
		return nil
	})
	return was, err
}
