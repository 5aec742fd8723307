package operate

import (
	"context"
	"fmt"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const stageReprovision = "reprovision"

// Reprovision has the machine boot its image from the network, whatever it runs now, and waits until its agent has
// registered with it. What ran on the machine is lost. A quarantine is lifted first.
func (h Host) Reprovision(ctx context.Context, reason string) (ophub.Agent, error) {
	v := h.start()
	record, err := h.Records.Host(ctx, h.Name)
	if err != nil {
		return ophub.Agent{}, err
	}
	if record.Image == "" {
		return ophub.Agent{}, fmt.Errorf("the record of host %s names no image that it could boot", h.Name)
	}
	// Before anything is changed: a BMC that does not answer leaves nothing half done.
	state, err := v.look(ctx, stageReprovision)
	if err != nil {
		return ophub.Agent{}, err
	}
	if err := v.prepare(ctx, record); err != nil {
		return ophub.Agent{}, err
	}
	boot := Boot{Record: record, Verb: stageReprovision, Reason: reason, On: state == ipmi.On}
	doing := "switching it on"
	if boot.On {
		doing = "restarting it"
	}
	err = v.during(ctx, stageReprovision, doing, func(ctx context.Context) error { return boot.Begin(ctx, h.BMC, h.Records) })
	if err != nil {
		return ophub.Agent{}, err
	}
	return v.wait(ctx, record)
}

// prepare lifts a quarantine and sets the boot device.
func (v *verb) prepare(ctx context.Context, record ophub.Host) error {
	was, err := v.Records.ReleaseHost(ctx, v.Name)
	if err != nil {
		return err
	}
	if was {
		v.tell(stageReprovision, "it was in quarantine and is released")
	}
	v.tell(stageReprovision, "setting the boot device to the network")
	return v.BMC.SetBoot(ctx, NetworkBoot(record))
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
		Powered: Powered(ctx, v.BMC),
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
