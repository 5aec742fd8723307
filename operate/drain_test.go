package operate_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/operate"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// work notes what it is asked.
type work struct {
	asked []string
	fail  error
}

func (w *work) Drain(_ context.Context, host string, o gridapp.DrainOptions, pools ...string) error {
	w.asked = append(w.asked, "drain "+host+" of "+strings.Join(pools, ",")+" because "+o.Reason)
	o.Progress("2 allocations still run")
	return w.fail
}

func (w *work) Undrain(_ context.Context, host string, pools ...string) error {
	w.asked = append(w.asked, "undrain "+host+" of "+strings.Join(pools, ","))
	return w.fail
}

func TestDrain(t *testing.T) {
	ctx := context.Background()
	var said told
	w := &work{}
	r := &records{host: ophub.Host{Name: "node1", Kernels: []string{"main", "batch"}}}
	h := operate.Host{Name: "node1", Records: r, Tell: said.tell}
	if err := errors.Join(h.Drain(ctx, w, time.Minute, "repair"), h.Undrain(ctx, w)); err != nil {
		t.Fatal(err)
	}
	pools := gridapp.DomainOf("main", "").NodePool + "," + gridapp.DomainOf("batch", "").NodePool
	if got, want := strings.Join(w.asked, "; "), "drain node1 of "+pools+" because repair; undrain node1 of "+pools; got != want {
		t.Errorf("asked %q, want %q", got, want)
	}
	for _, part := range []string{"after 1m0s is stopped", "2 allocations still run", "nothing runs on it", "it takes work again"} {
		if !said.has(part) {
			t.Errorf("nobody was told %q:\n%s", part, strings.Join(said, "\n"))
		}
	}
	w.fail = errors.New("no such node")
	if err := h.Drain(ctx, w, time.Minute, "repair"); !errors.Is(err, w.fail) {
		t.Errorf("got %v", err)
	}
}

func TestDrainWithoutKernels(t *testing.T) {
	var said told
	w := &work{}
	h := operate.Host{Name: "node1", Records: &records{host: ophub.Host{Name: "node1"}}, Tell: said.tell}
	if err := h.Drain(context.Background(), w, time.Minute, ""); err != nil || len(w.asked) > 0 || !said.has("it serves no kernels") {
		t.Errorf("%v, asked %q, told %q", err, w.asked, said)
	}
}
