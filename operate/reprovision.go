package operate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	stageReprovision = "reprovision"

	// undoTime bounds what is put right after a failure.
	undoTime = 30 * time.Second
	// powerCheck is how often a wait asks whether the machine still has power.
	powerCheck = 15 * time.Second
)

// Reprovision has the machine boot its image from the network, whatever it runs now, and waits until its agent has
// registered with it. What ran on the machine is lost. A quarantine is lifted first.
func (h Host) Reprovision(ctx context.Context, reason string) (ophub.Agent, error) {
	v := h.start()
	record, err := h.Records.Host(ctx, h.Name)
	if err != nil {
		return ophub.Agent{}, err
	}
	// Before anything is changed: a BMC that does not answer leaves nothing half done.
	state, err := v.look(ctx, stageReprovision)
	if err != nil {
		return ophub.Agent{}, err
	}
	if err := v.prepare(ctx, record, reason); err != nil {
		return ophub.Agent{}, err
	}
	if state == ipmi.On {
		err = v.during(ctx, stageReprovision, "restarting it", h.BMC.Reset)
	} else {
		err = v.during(ctx, stageReprovision, "switching it on", h.BMC.PowerOn)
	}
	if err != nil {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
		defer cancel()
		return ophub.Agent{}, errors.Join(err, h.Records.ResetBoot(undo, h.Name, "the last restart failed"))
	}
	return v.wait(ctx, record)
}

// prepare makes the records and the BMC ready for a boot. The boot is told before it begins, so that an apply which
// comes upon it waits for it rather than to restart the machine once more.
func (v *verb) prepare(ctx context.Context, record ophub.Host, reason string) error {
	was, err := v.Records.ReleaseHost(ctx, v.Name)
	if err != nil {
		return err
	}
	if was {
		v.tell(stageReprovision, "it was in quarantine and is released")
	}
	v.tell(stageReprovision, "setting the boot device to the network")
	if err := v.BMC.SetBoot(ctx, ipmi.Boot{Device: ipmi.DevicePXE, EFI: record.Firmware == ophub.FirmwareUEFI, Persistent: true}); err != nil {
		return err
	}
	if err := v.Records.ResetBoot(ctx, v.Name, reason); err != nil {
		return err
	}
	return v.Records.AppendBoot(ctx, v.Name, ophub.Event{Stage: ophub.StagePower, Detail: stageReprovision, Image: record.Image})
}

// wait follows the boot.
func (v *verb) wait(ctx context.Context, record ophub.Host) (ophub.Agent, error) {
	v.tell(stageReprovision, fmt.Sprintf("waiting for its agent with image %s", record.Image.Short()))
	console := Hearing{
		Host: v.Name, Booting: record.Image, BMC: v.BMC, Secrets: v.Secrets,
		Tell: func(why string) { v.tell(stageReprovision, "its serial console is not heard: "+why) },
	}.Start(ctx)
	defer console.Close()
	agent, err := ophub.WaitReady(ctx, v.Records, v.Name, record.Image, ophub.WaitOptions{
		Powered: v.powered(ctx),
		Every:   v.Every,
		Progress: func(verdict ophub.Verdict) {
			if !verdict.Ready {
				v.tell(verdict.Stage, verdict.Evidence)
			}
		},
	})
	if err != nil {
		return ophub.Agent{}, console.Blame(err)
	}
	v.tell(stageReprovision, "it is ready")
	return agent, nil
}

// powered returns what tells whether the machine has power. It asks the BMC now and then, and takes one that does
// not answer for no news.
func (v *verb) powered(ctx context.Context) func() bool {
	var mu sync.Mutex
	on, asked := true, time.Now()
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(asked) < powerCheck {
			return on
		}
		asked = time.Now()
		if state, err := v.BMC.Power(ctx); err == nil {
			on = state == ipmi.On
		}
		return on
	}
}
