package agentd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/agentd/inventory"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// progressEach is how often the live record is written while disks are.
const progressEach = time.Second

// wiper carries out the order to overwrite the machine's disks.
type wiper struct {
	agent *agent
	all   sync.WaitGroup

	mu     sync.Mutex
	report *ophub.Wipe // of the order that was taken last; nil for none
	stop   context.CancelFunc
}

// see takes in what the host's record orders. An order that is withdrawn ends
// the work on it.
func (w *wiper) see(ctx context.Context, order *ophub.WipeOrder) {
	if order != nil && order.BootID != w.agent.bootID {
		order = nil // it is for another boot, which may be long ago
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case order == nil:
		if w.stop != nil {
			w.stop()
		}
		return
	case w.report != nil && w.report.ID == order.ID:
		return
	case w.stop != nil:
		w.stop()
	}
	ctx, w.stop = context.WithCancel(ctx)
	w.report = &ophub.Wipe{ID: order.ID}
	w.all.Go(func() { w.carryOut(ctx, *order) })
}

// state is what the live record says of it.
func (w *wiper) state() *ophub.Wipe {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.report == nil {
		return nil
	}
	out := *w.report
	out.Disks = slices.Clone(out.Disks)
	return &out
}

func (w *wiper) carryOut(ctx context.Context, order ophub.WipeOrder) {
	disks := w.agent.inventory().Fixed()
	err := w.refuse(order, disks)
	if err == nil {
		for _, d := range disks {
			w.agent.log.Warn("wipe", "disk", d.String())
		}
		err = w.wipe(ctx, order.ID, disks)
	}
	w.change(order.ID, func(r *ophub.Wipe) {
		r.Finished = err == nil
		if err != nil {
			r.Error = err.Error()
		}
	})
	if err != nil {
		w.agent.log.Error("wipe", "error", err)
		return
	}
	w.agent.log.Warn("wipe: all disks read as zeros", "disks", len(disks))
}

// refuse says what is against carrying an order out, before anything is touched.
func (w *wiper) refuse(order ophub.WipeOrder, disks []ophub.Disk) error {
	if serves := w.agent.kernels.states(); len(serves) > 0 {
		return fmt.Errorf("the host still serves %s, whose work may use the disks", strings.Join(slices.Sorted(maps.Keys(serves)), ", "))
	}
	if blind := inventory.Driverless(os.DirFS(w.agent.cfg.Root)); len(blind) > 0 {
		return fmt.Errorf("the image has no driver for %s: disks behind that cannot be seen; name its module in the image's modules", strings.Join(blind, ", "))
	}
	return order.Covers(disks)
}

// wipe overwrites all disks at once: they do not wait for each other.
func (w *wiper) wipe(ctx context.Context, id string, disks []ophub.Disk) error {
	w.change(id, func(r *ophub.Wipe) {
		for _, d := range disks {
			r.Disks = append(r.Disks, ophub.DiskWipe{Name: d.Name, Bytes: d.Bytes})
		}
	})
	errs := make([]error, len(disks))
	var all sync.WaitGroup
	for i, d := range disks {
		all.Go(func() {
			told := time.Now()
			errs[i] = w.agent.os.ZeroDisk(ctx, d.Name, d.Bytes, func(done int64) {
				w.mu.Lock()
				if w.report.ID == id {
					w.report.Disks[i].Done = done
				}
				w.mu.Unlock()
				if time.Since(told) >= progressEach {
					told = time.Now()
					w.agent.touch()
				}
			})
			if errs[i] != nil {
				errs[i] = fmt.Errorf("disk %s: %w", d, errs[i])
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (w *wiper) change(id string, f func(*ophub.Wipe)) {
	w.mu.Lock()
	if w.report.ID == id {
		f(w.report)
	}
	w.mu.Unlock()
	w.agent.touch()
}
