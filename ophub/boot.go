package ophub

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// Stage is a step on a host's way from power to work.
type Stage string

// The stages, in the order in which a host passes them.
const (
	StagePower      Stage = "power"
	StageDHCP       Stage = "dhcp"
	StageBootFile   Stage = "boot file"
	StageBootScript Stage = "boot script"
	StageLinux      Stage = "linux"
	StageInitrd     Stage = "initrd"
	StageAgent      Stage = "agent"
	StageRegistered Stage = "registered"
	StageKernels    Stage = "kernels joined"
)

var stages = []Stage{StagePower, StageDHCP, StageBootFile, StageBootScript, StageLinux, StageInitrd, StageAgent, StageRegistered, StageKernels}

// Valid tells whether s is one of the stages.
func (s Stage) Valid() bool { return slices.Contains(stages, s) }

// Before tells whether a host passes s before other. The empty stage is before
// all.
func (s Stage) Before(other Stage) bool { return slices.Index(stages, s) < slices.Index(stages, other) }

// Event is one thing that was seen of a boot.
type Event struct {
	Stage Stage `json:"stage"`
	// Time is when it was last seen; AppendBoot fills in a zero one.
	Time    time.Time `json:"time"`
	Detail  string    `json:"detail,omitempty"`
	MAC     string    `json:"mac,omitempty"`
	Address string    `json:"address,omitempty"`
	Image   keg.KID   `json:"image,omitempty"`
	BootID  string    `json:"boot_id,omitempty"`
	// Firmware and Arch are what the machine's firmware says that it is, in DHCP's
	// option 93: FirmwareBIOS or FirmwareUEFI, and "amd64" or "arm64".
	Firmware string `json:"firmware,omitempty"`
	Arch     string `json:"arch,omitempty"`
	// Boots is, where a restart is told before it is made, the BootKey of the
	// record that the machine is to boot by.
	Boots string `json:"boots,omitempty"`
	// Count is how often it was seen in a row, for what repeats. AppendBoot
	// keeps it.
	Count int `json:"count,omitempty"`
}

func (e Event) repeats(other Event) bool {
	e.Time, e.Count, other.Time, other.Count = time.Time{}, 0, time.Time{}, 0
	return e == other
}

// Bounds of a boot record. The oldest events go first.
const (
	MaxEvents = 64
	maxDetail = 1024 // bytes; it comes from the host
)

// Boot is what was seen of a host's boots since it was last reset.
type Boot struct {
	Host string `json:"host"`
	// Attempt counts the resets.
	Attempt int `json:"attempt"`
	// Reason is why it was last reset, Started when.
	Reason  string    `json:"reason,omitempty"`
	Started time.Time `json:"started,omitzero"`
	// OldBootID is the boot that was running when the record was reset. An
	// agent that still has it has not restarted.
	OldBootID string  `json:"old_boot_id,omitempty"`
	Events    []Event `json:"events,omitempty"`
	// Starts are the boots that began since the agent last registered, as far
	// as the host's budget looks back. BeginBoot keeps them.
	Starts []time.Time `json:"starts,omitempty"`
	// Quarantine is set while the host is given no image.
	Quarantine *Quarantine `json:"quarantine,omitempty"`
}

// AppendBoot adds an event to a host's boot record. The same event in a row is
// counted instead.
func (h *Hub) AppendBoot(ctx context.Context, host string, event Event) error {
	if err := checkName("host", host); err != nil {
		return err
	}
	if !event.Stage.Valid() {
		return &InvalidError{Kind: "boot of host", Name: host, Field: "stage", Problem: "unknown stage " + string(event.Stage)}
	}
	if event.Time.IsZero() {
		event.Time = h.now()
	}
	event.Time = event.Time.UTC().Round(0)
	if len(event.Detail) > maxDetail {
		event.Detail = event.Detail[:maxDetail] + "…"
	}
	return h.changeBoot(ctx, "record boot of host "+host, host, func(b *Boot) error {
		if event.Stage == StageRegistered {
			b.proven()
		}
		if n := len(b.Events); n > 0 && b.Events[n-1].repeats(event) {
			last := &b.Events[n-1]
			last.Count = max(last.Count, 1) + 1
			last.Time = event.Time
			return nil
		}
		b.Events = append(b.Events, event)
		if n := len(b.Events); n > MaxEvents {
			b.Events = b.Events[n-MaxEvents:]
		}
		return nil
	})
}

// Boot returns a host's boot record; one without events when nothing was seen.
func (h *Hub) Boot(ctx context.Context, host string) (Boot, error) {
	boot, _, err := get[Boot](ctx, h, kindBoot, host)
	if errors.Is(err, ErrNotFound) {
		return Boot{Host: host}, nil
	}
	return boot, err
}

// ResetBoot starts a boot record anew, before a host is powered on or
// restarted on purpose, which lifts a quarantine. From then on the agent that lives now does not count as booted.
func (h *Hub) ResetBoot(ctx context.Context, host, reason string) error {
	if err := checkName("host", host); err != nil {
		return err
	}
	return h.changeBoot(ctx, "reset boot of host "+host, host, func(b *Boot) error {
		old, err := h.Agent(ctx, host)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		// An agent that has lost its session for a moment comes back under
		// the boot that it registered before.
		id := old.BootID
		for _, e := range slices.Backward(b.Events) {
			if id != "" {
				break
			}
			id = e.BootID
		}
		if id == "" {
			id = b.OldBootID
		}
		*b = Boot{Host: host, Attempt: b.Attempt + 1, Reason: reason, Started: h.now().UTC().Round(0), OldBootID: id}
		return nil
	})
}

func (h *Hub) changeBoot(ctx context.Context, what, host string, change func(*Boot) error) error {
	return h.retry(ctx, what, func() (bool, error) {
		boot, index, err := get[Boot](ctx, h, kindBoot, host)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, err
		}
		boot.Host = host
		if err := change(&boot); err != nil {
			return false, err
		}
		return h.cas(ctx, kindBoot, host, boot, index)
	})
}
