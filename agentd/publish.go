package agentd

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// touch says that the live record is to be written again. Many touches may
// become one write.
func (a *agent) touch() {
	select {
	case a.dirty <- struct{}{}:
	default:
	}
}

// publish writes the live record whenever it was touched.
func (a *agent) publish(ctx context.Context) {
	told := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.dirty:
		}
		var record ophub.Agent
		err := a.persist(ctx, "update of the live record", func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, callTimeout)
			defer cancel()
			record = a.record()
			return a.registration.Update(ctx, record)
		}, nil)
		if err != nil {
			return
		}
		names, ok := joined(record.Kernels)
		if ok && names != told {
			told = names
			a.log.Info("kernels joined", "kernels", names, "seconds", seconds(time.Since(a.started)))
			a.report(ctx, ophub.StageKernels, names)
		}
	}
}

// follow watches the host's own record and asks for a new identity whenever
// its kernels have changed, so that a change takes effect without a reboot.
// While a kernel lacks something, it asks now and then, too.
func (a *agent) follow(ctx context.Context, records Records, changed chan<- ophub.Identity) {
	have := a.identity
	want := names(have)
	views := records.WatchHost(ctx, have.Host)
	again := time.NewTicker(a.cfg.MaxRetry)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case view, ok := <-views:
			if !ok {
				return
			}
			if view.Host == nil {
				if view.Err == nil {
					a.wiper.see(ctx, nil)
				}
				continue
			}
			a.wiper.see(ctx, view.Host.Wipe)
			want = slices.Sorted(slices.Values(view.Host.Kernels))
			if slices.Equal(want, names(have)) {
				continue
			}
		case <-again.C:
			if complete(have) && slices.Equal(want, names(have)) {
				continue
			}
		}
		id, err := a.locateFor(ctx, want)
		if err != nil {
			return
		}
		if reflect.DeepEqual(id, have) {
			continue
		}
		have = id
		select {
		case changed <- id:
		case <-ctx.Done():
			return
		}
	}
}

// locateFor asks for an identity with the kernels wanted. The opserver follows
// the same record and may be a moment behind; when it stays so, it is right.
func (a *agent) locateFor(ctx context.Context, want []string) (ophub.Identity, error) {
	const tries = 5
	wait := a.backoff()
	for n := 1; ; n++ {
		id, err := a.locate(ctx)
		if err != nil || n == tries || slices.Equal(names(id), want) {
			return id, err
		}
		if err := wait.wait(ctx); err != nil {
			return id, err
		}
	}
}

// names are the kernels of an identity, sorted.
func names(id ophub.Identity) []string {
	out := make([]string, len(id.Kernels))
	for i, k := range id.Kernels {
		out[i] = k.Name
	}
	slices.Sort(out)
	return out
}
