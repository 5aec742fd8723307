package provider_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/cthulix/terraform-provider-cthulix/lab/light"
	"github.com/cthulix/terraform-provider-cthulix/operate"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// watched follows a host from now on, and returns what was seen when it ends.
func (r *rack) watched(w *world, host string, until ophub.Stage) func() ([]operate.Sight, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	var mu sync.Mutex
	var sights []operate.Sight
	done := make(chan error, 1)
	go func() {
		done <- operate.Watch{
			Host: host, Records: r.hub, Journal: operate.JournalIn(w.cache).Follow(ctx), Until: until,
			Tell: func(s operate.Sight) {
				mu.Lock()
				defer mu.Unlock()
				sights = append(sights, s)
			},
		}.Run(ctx)
	}()
	return func() ([]operate.Sight, error) {
		defer cancel()
		err := <-done
		mu.Lock()
		defer mu.Unlock()
		return sights, err
	}
}

// A host is followed live while it is applied, by its records and the journal:
// until it is destroyed, or to what the apply failed of.
func TestHostWatched(t *testing.T) {
	w := newWorld(t)
	r := newRack(t, w, "seen", "52:54:00:24:00:01", 1)
	ends := r.watched(w, "seen1", "") // a light machine may be ready before the journal is looked at
	w.test(resource.TestStep{Config: r.config(w, r.image("good"), "")})
	sights, err := ends()
	if !errors.Is(err, operate.ErrHostGone) {
		t.Errorf("it ended with %v", err)
	}
	var stages []ophub.Stage
	for _, s := range sights {
		if !s.Journal && (len(stages) == 0 || stages[len(stages)-1] != s.Stage) {
			stages = append(stages, s.Stage)
		}
	}
	var rest []ophub.Stage
	for _, s := range []ophub.Stage{"", ophub.StagePower, ophub.StageDHCP, ophub.StageBootFile, ophub.StageBootScript, ophub.StageLinux, ophub.StageInitrd, ophub.StageKernels} {
		if !slices.Contains(stages, s) {
			rest = append(rest, s)
		}
	}
	if len(rest) > 0 {
		t.Errorf("it lacks %q: %+v", rest, sights)
	}
	for what, is := range map[string]func(operate.Sight) bool{
		"that it is ready":       func(s operate.Sight) bool { return s.State == operate.StateReady && s.Stage == ophub.StageKernels },
		"what the apply did":     func(s operate.Sight) bool { return s.Journal && strings.HasPrefix(s.Detail, "reboot: the host is new") },
		"that the apply is done": func(s operate.Sight) bool { return s.Journal && s.Detail == "the apply is done: it is ready" },
	} {
		if !slices.ContainsFunc(sights, is) {
			t.Errorf("it lacks %s: %+v", what, sights)
		}
	}

	ends = r.watched(w, "seen1", ophub.StageKernels)
	w.test(resource.TestStep{
		Config:      r.config(w, r.image("bad", "light.fail="+light.FailPanic), `stage_timeouts = { agent = "2s" }`),
		ExpectError: regexp.MustCompile(`did\s+not\s+become\s+ready`),
	})
	if sights, err = ends(); !errors.Is(err, operate.ErrApplyFailed) || !strings.Contains(err.Error(), "Kernel panic") {
		t.Errorf("it ended with %v after %+v", err, sights)
	}
}
