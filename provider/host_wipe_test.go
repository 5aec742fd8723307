package provider_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

var wipeDisks = []ophub.Disk{
	{Name: "sda", Serial: "A1", Bytes: 480e9}, {Name: "nvme0n1", Serial: "N1", Bytes: 960e9}, {Name: "sdb", Serial: "KEY", Bytes: 8e9, Removable: true},
}

// A host that is to be wiped when it is destroyed has its fixed disks
// overwritten, and then loses its power. Nothing else wipes it.
func TestHostWipe(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:0b:01")
	r.disks = wipeDisks
	config := func(more string) string { return hostConfig(w, r, "wipe1", kid("image"), more) }
	wiped := func(want ...string) resource.TestCheckFunc {
		return func(*terraform.State) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			if !slices.Equal(r.wiped, want) {
				return fmt.Errorf("wiped: %q, want %q", r.wiped, want)
			}
			return nil
		}
	}
	w.test(
		resource.TestStep{Config: config("on_destroy = \"shred\""), ExpectError: regexp.MustCompile(`"detach"\s+"power_off"\s+"wipe"`)},
		resource.TestStep{Config: config(`on_destroy = "wipe"`), Check: wiped()},
		resource.TestStep{Config: config(""), Check: wiped()},
		resource.TestStep{Config: config(`on_destroy = "wipe"`), Check: wiped()},
		// It is destroyed at the end of the test.
	)
	if err := wiped("sda", "nvme0n1")(nil); err != nil {
		t.Error(err)
	}
	if r.Powered() {
		t.Error("it is still on")
	}
	if _, err := hub.Host(context.Background(), "wipe1"); !errors.Is(err, ophub.ErrNotFound) {
		t.Errorf("its record: %v", err)
	}
}

// A wipe that does not come to its end leaves the host there, and no order that
// a later boot could find.
func TestHostWipeFails(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:0b:02")
	r.disks = wipeDisks
	config := func(more string) string { return hostConfig(w, r, "wipe2", kid("image"), more) }
	change := func(f func()) func() {
		return func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			f()
		}
	}
	noOrder := func() {
		host, err := hub.Host(context.Background(), "wipe2")
		if err != nil || host.Wipe != nil {
			t.Errorf("the record after it failed: %+v, %v", host.Wipe, err)
		}
		if !r.Powered() {
			t.Error("it was switched off")
		}
	}
	const quick = "on_destroy = \"wipe\"\n timeouts = { delete = \"3s\" }"
	w.test(
		resource.TestStep{Config: config(`on_destroy = "wipe"`)},
		resource.TestStep{PreConfig: change(func() { r.disks = append(slices.Clone(wipeDisks), ophub.Disk{Name: "sdx", Bytes: 1e9}) }),
			Config: config(`on_destroy = "wipe"`), Destroy: true,
			ExpectError: regexp.MustCompile(`disk\s+sdx\s+\(1000\s+MB\)\s+is\s+not\s+in\s+the\s+order[\s\S]*the\s+order\s+is\s+withdrawn`)},
		resource.TestStep{PreConfig: func() { noOrder(); change(func() { r.disks, r.holds = wipeDisks, true })() }, Config: config(quick)},
		resource.TestStep{Config: config(quick), Destroy: true, ExpectError: regexp.MustCompile(`50\s+%\s+were\s+done:\s+the\s+resource's\s+timeout\s+of\s+3s\s+is\s+over`)},
		resource.TestStep{PreConfig: func() { noOrder(); _ = r.PowerOff(context.Background(), true) }, Config: config(quick), Destroy: true,
			ExpectError: regexp.MustCompile(`no\s+agent\s+of\s+host\s+wipe2\s+is\s+registered`)},
		resource.TestStep{PreConfig: change(func() { r.holds = false }), Config: config("")},
	)
}

// A destroy that was killed leaves its order to the agent. Who then keeps the host
// sees it in the plan, and withdraws it with the apply.
func TestHostWipeCutOff(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:0b:07")
	config := hostConfig(w, r, "wipe7", kid("image"), "")
	order := func() {
		host, err := hub.Host(context.Background(), "wipe7")
		if err == nil {
			host.Wipe = &ophub.WipeOrder{ID: "left", BootID: "a boot of before", Disks: wipeDisks[:1]}
			err = hub.PutHost(context.Background(), host)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.test(
		resource.TestStep{Config: config},
		resource.TestStep{PreConfig: order, Config: config, ConfigPlanChecks: plansEffect("live"), Check: func(*terraform.State) error {
			host, err := hub.Host(context.Background(), "wipe7")
			if err == nil && host.Wipe != nil {
				err = fmt.Errorf("the order stands: %+v", host.Wipe)
			}
			return err
		}},
	)
	if err := r.restarted(0); err != nil {
		t.Error(err)
	}
}
