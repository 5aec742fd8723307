// Package operate is what an operator does to a machine that has a record: switch it, find it by its light, let it
// boot anew. Terraform's actions and the command share it, so that both do the same and tell the same while they do.
//
// A verb says what it waits for as it goes along. It is done when what it asked for was seen, not when it was sent.
package operate

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// Controller is the part of a machine's management controller that the verbs need. IPMI's is *ipmi.BMC.
type Controller interface {
	Power(ctx context.Context) (ipmi.PowerState, error)
	PowerOn(ctx context.Context) error
	PowerOff(ctx context.Context) error
	PowerSoft(ctx context.Context) error
	PowerCycle(ctx context.Context) error
	Reset(ctx context.Context) error
	Identify(ctx context.Context, d time.Duration) error
	SetBoot(ctx context.Context, boot ipmi.Boot) error
}

var _ Controller = (*ipmi.BMC)(nil)

// Records is the part of the ophub that the verbs need. Only Reprovision does.
type Records interface {
	ophub.Watcher
	Boots
	Host(ctx context.Context, name string) (ophub.Host, error)
	ReleaseHost(ctx context.Context, name string) (bool, error)
}

var _ Records = (*ophub.Hub)(nil)

// Step is one thing that a verb tells while it goes on.
type Step struct {
	// Host is whom it concerns.
	Host string
	// Stage is where it stands, such as "power off"; Detail what it waits for or has found.
	Stage, Detail string
	// Elapsed is how long the verb has taken so far.
	Elapsed time.Duration
}

func (s Step) String() string {
	text := s.Host + ": " + s.Stage
	if s.Detail != "" {
		text += ": " + s.Detail
	}
	return fmt.Sprintf("%s (%s)", text, s.Elapsed.Round(100*time.Millisecond))
}

// Host is a machine to work on.
type Host struct {
	Name string
	BMC  Controller
	// Records are needed by Reprovision alone.
	Records Records
	// Tell hears each step, one at a time; nil is nobody.
	Tell func(Step)
	// Secrets are never shown, whatever the machine says on its serial console.
	Secrets []string
	// Every is after how much silence a wait is told again. Zero means 10 s.
	Every time.Duration
}

// verb is one call of a verb.
type verb struct {
	Host
	began time.Time
	mu    sync.Mutex
}

func (h Host) start() *verb {
	if h.Every <= 0 {
		h.Every = 10 * time.Second
	}
	return &verb{Host: h, began: time.Now()}
}

func (v *verb) tell(stage, detail string) {
	if v.Tell == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.Tell(Step{Host: v.Name, Stage: stage, Detail: detail, Elapsed: time.Since(v.began)})
}

// during tells what is waited for, now and every now and then until do returns.
func (v *verb) during(ctx context.Context, stage, detail string, do func(context.Context) error) error {
	v.tell(stage, detail)
	done := make(chan struct{})
	var told sync.WaitGroup
	told.Go(func() {
		tick := time.NewTicker(v.Every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				v.tell(stage, detail)
			case <-done:
				return
			}
		}
	})
	defer told.Wait()
	defer close(done)
	return do(ctx)
}
