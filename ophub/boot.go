package ophub

import (
	"context"
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
	// Count is how often it was seen in a row, for what repeats. AppendBoot
	// keeps it.
	Count int `json:"count,omitempty"`
}

// MaxEvents bounds a boot record. The oldest events go first.
const MaxEvents = 64

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
}

// AppendBoot adds an event to a host's boot record. The same event in a row is
// counted instead.
func (h *Hub) AppendBoot(ctx context.Context, host string, event Event) error { return errUnbuilt }

// Boot returns a host's boot record; one without events when nothing was seen.
func (h *Hub) Boot(ctx context.Context, host string) (Boot, error) { return Boot{}, errUnbuilt }

// ResetBoot starts a boot record anew, before a host is powered on or
// restarted. From then on the agent that lives now does not count as booted.
func (h *Hub) ResetBoot(ctx context.Context, host, reason string) error { return errUnbuilt }
