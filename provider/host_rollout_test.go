package provider_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/lab/light"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// rack is a rack of light machines and what is seen of them.
type rack struct {
	*light.Rack
	t     *testing.T
	hub   *ophub.Hub
	store *keg.Dir
	name  string

	mu   sync.Mutex
	up   map[string]bool
	most int // how many were down at once since the last look, of those that had been up
	solo int // how many had come up again before a second one went down
	back int
}

func newRack(t *testing.T, w *world, name, mac string, n int, change ...func(*light.RackConfig)) *rack {
	t.Helper()
	hub := w.withOphub()
	c, err := consul()
	if err != nil {
		t.Fatal(err)
	}
	store, err := keg.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	first, err := net.ParseMAC(mac)
	if err != nil {
		t.Fatal(err)
	}
	r := &rack{t: t, hub: hub, store: store, name: name, up: map[string]bool{}}
	config := light.RackConfig{
		Hub: hub, Consul: strings.TrimPrefix(c.Address, "http://"), Keg: store, Machines: n, Name: name, MAC: first,
		Username: "ADMIN", Password: bmcPassword, Retry: 50 * time.Millisecond, Up: r.note,
		Firmware: fstest.MapFS{"undionly.kpxe": {Data: bytes.Repeat([]byte("bios"), 1000)}, "snponly.efi": {Data: []byte("uefi")}},
	}
	for _, c := range change {
		c(&config)
	}
	r.Rack, err = light.NewRack(config)
	if err != nil {
		t.Fatal(err)
	}
	serve(t, "the rack "+name, r.Run)
	return r
}

func (r *rack) note(machine string, up bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.up[machine] = up
	down := 0
	for _, up := range r.up {
		if !up {
			down++
		}
	}
	if up {
		r.back++
	}
	r.most = max(r.most, down)
	if down > 1 && r.solo < 0 {
		r.solo = r.back
	}
}

// look returns what was seen since the last look.
func (r *rack) look() (most, solo int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	most, solo = r.most, r.solo
	r.most, r.solo, r.back = 0, -1, 0
	return most, solo
}

func (r *rack) image(name string, args ...string) string {
	r.t.Helper()
	kid, err := light.PutImage(context.Background(), r.store, name, args...)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(kid)
}

// config declares all machines with one image.
func (r *rack) config(w *world, image, more string) string {
	// The test library knows no for_each; what one provider does is the same.
	return w.config(fmt.Sprintf(`
locals {
  macs = [%s]
  bmcs = [%s]
}

resource "cthulix_host" "node" {
  count = %d
  name  = "%s${count.index + 1}"
  macs  = [local.macs[count.index]]
  image = %q
  bmc   = { address = local.bmcs[count.index], credentials = "bmc" }
  %s
}`, quoted(r.MACs), quoted(r.Addresses), len(r.MACs), r.name, image, more))
}

func quoted(words []string) string {
	return `"` + strings.Join(words, `", "`) + `"`
}

// runs checks what all machines run, and how often each was started.
func (r *rack) runs(image string, boots func(n []int) bool) resource.TestCheckFunc {
	return func(*terraform.State) error {
		var n []int
		for i, m := range r.Machines {
			name := fmt.Sprintf("%s%d", r.name, i+1)
			n = append(n, m.Boots())
			agent, err := r.hub.Agent(context.Background(), name)
			if err != nil {
				return err
			}
			record, err := r.hub.Host(context.Background(), name)
			if err != nil {
				return err
			}
			if string(agent.Image) != image || string(record.Image) != image {
				return fmt.Errorf("%s runs %s, its record says %s; want %s", name, agent.Image.Short(), record.Image.Short(), image)
			}
		}
		if !boots(n) {
			return fmt.Errorf("they were started %v times", n)
		}
		return nil
	}
}

func each(want int) func([]int) bool {
	return func(n []int) bool {
		for _, x := range n {
			if x != want {
				return false
			}
		}
		return true
	}
}

// journaled checks that the journal tells all of some things.
func (w *world) journaled(wants ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		text, err := os.ReadFile(filepath.Join(w.cache, "journal", "hosts.jsonl"))
		if err != nil {
			return err
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				return fmt.Errorf("the journal lacks %q:\n%s", want, text)
			}
		}
		return nil
	}
}

// A rolling change takes down a canary alone, then two at a time. A bad image
// stops after the canary, which returns to what it ran; the next apply goes on.
func TestHostRollout(t *testing.T) {
	w := newWorld(t)
	r := newRack(t, w, "roll", "52:54:00:21:00:01", 6)
	const policy = "rollout = { group = \"rack-a\", max_unavailable = 2 }\n  stage_timeouts = { agent = \"4s\" }"
	first, second, third := r.image("first"), r.image("second"), r.image("third")
	bad := r.image("bad", "light.fail="+light.FailAgent)
	w.test(
		resource.TestStep{Config: r.config(w, first, policy), Check: r.runs(first, each(1))},
		resource.TestStep{
			PreConfig: func() { r.look() },
			Config:    r.config(w, second, policy),
			Check: resource.ComposeAggregateTestCheckFunc(r.runs(second, each(2)), func(*terraform.State) error {
				if most, solo := r.look(); most != 2 || solo != 1 {
					return fmt.Errorf("at most %d were down at once, want 2; the second went when %d were back, want the canary", most, solo)
				}
				return nil
			}),
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
		resource.TestStep{
			Config:      r.config(w, bad, policy),
			ExpectError: regexp.MustCompile(`(?s)did not\s+become\s+ready.*stage\s+"agent"\s+was\s+not\s+reached.*it\s+returned\s+to\s+K-\w+\s+and\s+is\s+ready\s+again`),
		},
		resource.TestStep{
			// Every host is on the previous image: there is nothing to do but to look.
			Config:           r.config(w, second, policy),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check: r.runs(second, func(n []int) bool {
				twice, thrice := 0, 0
				for _, x := range n {
					switch x {
					case 2:
						twice++
					case 4:
						thrice++
					}
				}
				return twice == 5 && thrice == 1
			}),
		},
		resource.TestStep{
			PreConfig: func() { r.look() },
			Config:    r.config(w, third, policy),
			Check: resource.ComposeAggregateTestCheckFunc(w.journaled("rollout: waiting for host roll", "which goes first", `"message":"reboot","evidence":"image K-`, "it returns to K-"), r.runs(third, func([]int) bool { return true }), func(*terraform.State) error {
				if most, _ := r.look(); most > 2 {
					return fmt.Errorf("%d were down at once", most)
				}
				return nil
			}),
		},
	)
}
