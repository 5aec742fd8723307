package provider_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// withKeg lets the provider use a real keg behind the opserver's operator API.
func (w *world) withKeg() *keg.Dir {
	w.t.Helper()
	store, err := keg.OpenDir(w.t.TempDir())
	if err != nil {
		w.t.Fatal(err)
	}
	server := httptest.NewServer(keg.OperatorHandler(store, keepToken))
	w.t.Cleanup(server.Close)
	w.blocks = append(w.blocks, fmt.Sprintf("opserver = { address = %q, token = %q, keg_url = %q }", server.URL, keepToken, server.URL))
	return store
}

// withPool makes the kernel whose one host is the tests' Nomad client. No
// resource owns it: a kernel waits for its nodes to go, and this one stays.
func (w *world) withPool(hub *ophub.Hub) *gridapp.Client {
	w.t.Helper()
	n := w.withNomad()
	engine, err := gridapp.New(gridapp.Config{Address: n.Address})
	d := gridapp.DomainOf(pool, "")
	if err == nil {
		err = engine.EnsureDomain(context.Background(), d)
	}
	if err == nil {
		err = hub.PutKernel(context.Background(), ophub.Kernel{Name: pool, Namespace: d.Namespace, NodePool: d.NodePool})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return engine
}

// onPool is a gridapp on that kernel.
func onPool(w *world, name, body string) string {
	return w.config(fmt.Sprintf(`
resource "cthulix_gridapp" "app" {
  name   = %q
  kernel = %q
  %s
}`, name, pool, body))
}

func TestGridappLifeCycle(t *testing.T) {
	const address = "cthulix_gridapp.app"
	w := newWorld(t)
	engine := w.withPool(w.withOphub())
	w.withKeg()
	input := filepath.Join(t.TempDir(), "input.txt")
	write := func(text string) {
		if err := os.WriteFile(input, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one\ntwo\nthree\n")
	batch := onPool(w, "lines", fmt.Sprintf(`
  shards    = 2
  script    = "#!/bin/sh\nawk -v n=$CTHULIX_SHARD -v of=$CTHULIX_SHARDS 'NR %% of == n' input.txt\n"
  artifacts = { "input.txt" = %q }
  merge     = { script = "#!/bin/sh\ncat shards/0 shards/1 | sort | tr '\\n' ' '\n" }
  timeouts  = { create = "3m", update = "3m" }`, input))
	noChanges := resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	w.test(
		resource.TestStep{
			Config: batch, ConfigPlanChecks: noChanges,
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(address, "output", "one three two "),
				resource.TestCheckResourceAttr(address, "outputs.0", "two\n"),
				resource.TestCheckResourceAttr(address, "state", "complete"),
			),
		},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: pool + "/lines",
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "name",
			ImportStateVerifyIgnore: []string{"shards", "script", "artifacts", "artifacts.%", "merge", "merge.%", "merge.script", "timeouts", "output", "outputs", "output_kid"},
		},
		// The input changes, so the gridapp runs anew.
		resource.TestStep{
			PreConfig: func() { write("four\nfive\n") },
			Config:    batch,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate)},
				PostApplyPostRefresh: noChanges.PostApplyPostRefresh,
			},
			Check: resource.TestCheckResourceAttr(address, "output", "five four "),
		},
		// Somebody stops a service, and it comes back.
		resource.TestStep{
			Config: onPool(w, "service", `
  type    = "service"
  command = "/bin/sleep"
  args    = ["3600"]`),
			ConfigPlanChecks: noChanges, Check: resource.TestCheckResourceAttr(address, "state", "running"),
		},
		resource.TestStep{
			PreConfig: func() {
				if err := engine.Stop(context.Background(), pool, "service", false); err != nil {
					t.Fatal(err)
				}
			},
			Config: onPool(w, "service", `
  type    = "service"
  command = "/bin/sleep"
  args    = ["3600"]`),
			ConfigPlanChecks: noChanges, Check: resource.TestCheckResourceAttr(address, "state", "running"),
		},
		// One that fails says where and how, and is not saved.
		resource.TestStep{
			Config:      onPool(w, "broken", `script = "#!/bin/sh\necho no luck >&2\nexit 3\n"`),
			ExpectError: regexp.MustCompile(`(?s)failed.*no luck`),
		},
		resource.TestStep{Config: w.config("")},
	)
}

func TestGridappBadInput(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	w.withPool(hub)
	w.withKeg()
	withRelease(t, hub)
	t.Run("kernel without hosts", func(t *testing.T) {
		inner := *w
		inner.t = t
		inner.test(resource.TestStep{
			Config: w.config(`
resource "cthulix_kernel" "empty" {
  name = "empty"
}

resource "cthulix_gridapp" "app" {
  name    = "app"
  kernel  = cthulix_kernel.empty.name
  command = "/bin/true"
}`),
			ExpectError: regexp.MustCompile(`no host serves\s+kernel empty`),
		})
	})
	for name, c := range map[string]struct{ body, want string }{
		"nothing to run":    {``, `Nothing to run`},
		"no hosts":          {"command = \"/bin/true\"\nhosts = []", `at least 1`},
		"missing artefact":  {"command = \"/bin/true\"\nartifacts = { x = \"/nowhere/x\" }", `cannot be read`},
		"artefact outside":  {"command = \"/bin/true\"\nartifacts = { \"../x\" = \"/etc/hostname\" }", `below the working\s+directory`},
		"too many shards":   {"command = \"/bin/true\"\nhosts = [\"a\"]\nspread_hosts = true\nshards = 2", `More shards than hosts`},
		"merge of services": {"command = \"/bin/true\"\ntype = \"service\"\nmerge = { command = \"/bin/true\" }", `service has no end`},
	} {
		t.Run(name, func(t *testing.T) {
			inner := *w
			inner.t = t
			inner.test(resource.TestStep{Config: onPool(w, "bad", c.body), PlanOnly: true, ExpectError: regexp.MustCompile(c.want)})
		})
	}
}
