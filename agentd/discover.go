package agentd

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	// tellEvery is how often a machine without a record says what it is made of,
	// when nothing has changed.
	tellEvery = time.Minute
	// recordWait is how long the opserver may keep a question until there is a
	// record.
	recordWait = 10 * time.Second
	// restartPause leaves whoever made the record the time to restart the
	// machine themselves, so that it does not restart twice: time enough for a
	// session with a BMC that takes 1.5 s for an answer.
	restartPause = 15 * time.Second
)

// discover is the life of a machine that no record names: it tells the opserver
// what it is made of, until a record does. Then it becomes that host: if the
// record has it run another image, the machine restarts; else it goes on.
func (a *agent) discover(ctx context.Context) error {
	a.log.Info("no host record names this machine: it says what it is made of, and waits for one", "mac", a.params.MAC)
	a.cables.introduce(a.identity.Host, a.lease.Address.Addr())
	if err := a.tellUntilKnown(ctx); err != nil {
		return err
	}
	return a.becomeHost(ctx)
}

// becomeHost is for a machine that was booted as a stranger, and is on record by
// now.
func (a *agent) becomeHost(ctx context.Context) error {
	a.params.Host = a.identity.Host
	if a.identity.Image == a.params.Image {
		a.log.Info("on record by now", "host", a.identity.Host)
		return nil
	}
	a.log.Info("on record by now, with another image: restarting", "host", a.identity.Host, "image", a.identity.Image.Short())
	pause := min(restartPause, a.cfg.MaxRetry)
	if err := (&backoff{first: pause, max: pause}).wait(ctx); err != nil {
		return err
	}
	a.asks <- Reboot
	<-ctx.Done()
	return ctx.Err()
}

// tellUntilKnown returns when a record names the machine, or ctx ends.
func (a *agent) tellUntilKnown(ctx context.Context) error {
	ctx, known := context.WithCancel(ctx)
	guest := a.identity.Host
	var all sync.WaitGroup
	defer all.Wait()
	defer known()
	all.Go(func() { a.askBMC(ctx) })
	all.Go(func() { a.tellInventory(ctx) })
	all.Go(func() {
		_ = a.keepLease(ctx, func(to netip.Addr) { a.cables.introduce(guest, to) })
	})
	again := &backoff{first: a.cfg.Retry, max: a.cfg.Retry} // for one that does not wait
	for {
		id, err := a.locateWithin(ctx, recordWait)
		if err != nil {
			return err
		}
		if !id.Discovery {
			a.identity = id
			return nil
		}
		if err := again.wait(ctx); err != nil {
			return err
		}
	}
}

// tellInventory tells what the machine is made of, now and whenever that has
// changed. What gets lost is told again.
func (a *agent) tellInventory(ctx context.Context) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		err := a.persist(ctx, "telling the inventory", func(ctx context.Context) error {
			body := ophub.Discovered{MAC: a.params.MAC, Image: a.params.Image, BootID: a.bootID, Inventory: *a.inventory()}
			err := a.call(ctx, http.MethodPost, a.params.Opserver+"/v1/discovered", body, nil)
			if statusCode(err) == http.StatusConflict {
				return nil // on record by now
			}
			return err
		}, nil)
		if err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-a.dirty:
		case <-tick.C:
		}
	}
}
