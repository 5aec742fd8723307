package provider_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

const lpd = "cthulix_image.lpd"

// anAgentd builds a small static program. No machine of these tests runs it.
func anAgentd(t testing.TB, says string) string {
	t.Helper()
	dir := t.TempDir()
	source := fmt.Sprintf("package main\n\nfunc main() { println(%q) }\n", says)
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "agentd")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", binary, filepath.Join(dir, "main.go"))
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build an agentd: %v\n%s", err, out)
	}
	return binary
}

// keepPackages lets a test share downloaded packages with its next run.
func (w *world) keepPackages() {
	w.t.Helper()
	base, err := os.UserCacheDir()
	if err != nil {
		w.t.Fatal(err)
	}
	w.cache = filepath.Join(base, "cthulix", "acctest")
}

func TestImageLifeCycle(t *testing.T) {
	w := newWorld(t)
	w.keepPackages()
	store := w.withKeg()
	agentd := anAgentd(t, "hello")
	nonce := fmt.Sprint(time.Now().UnixNano()) // so that the image is really built
	image := func(more string) string {
		return w.config(fmt.Sprintf(`
resource "cthulix_image" "lpd" {
  name   = "lpd"
  agentd = %q
  args   = ["nonce=%s"]
  files  = { "/etc/motd" = { content = "hello" } }
  %s
}`, agentd, nonce, more))
	}
	known := resource.ConfigPlanChecks{
		PreApply: []plancheck.PlanCheck{plancheck.ExpectKnownValue(lpd, tfjsonpath.New("kid"),
			knownvalue.StringRegexp(regexp.MustCompile(`^K-[0-9a-f]{64}$`)))},
		PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
	}
	butane := `butane = "variant: fcos\nversion: 1.5.0\nstorage:\n  files:\n    - path: /etc/x\n      contents:\n        inline: y\n"`
	var kids []string
	remember := func(s *terraform.State) error {
		kids = append(kids, s.RootModule().Resources[lpd].Primary.Attributes["kid"])
		return nil
	}
	w.test(
		resource.TestStep{Config: image(""), ConfigPlanChecks: known, Check: remember},
		resource.TestStep{
			ResourceName: lpd, ImportState: true,
			ImportStateIdFunc: func(*terraform.State) (string, error) { return kids[0], nil },
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "kid",
			ImportStateVerifyIgnore: []string{"agentd", "args", "args.#", "args.0", "files", "files.%", "files./etc/motd.%", "files./etc/motd.content", "recipe"},
		},
		// The opserver loses the image, and gets it again.
		resource.TestStep{
			PreConfig: func() { remove(t, store.Path(), kids[0]) },
			Config:    image(""),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(lpd, plancheck.ResourceActionCreate)},
				PostApplyPostRefresh: known.PostApplyPostRefresh,
			},
			Check: remember,
		},
		resource.TestStep{Config: image(butane), ConfigPlanChecks: known, Check: remember},
		// Another agentd under the same path is another image.
		resource.TestStep{
			PreConfig: func() { replace(t, agentd, anAgentd(t, "good bye")) },
			Config:    image(butane), ConfigPlanChecks: known, Check: remember,
		},
	)
	if len(kids) != 4 || kids[0] != kids[1] || kids[1] == kids[2] || kids[2] == kids[3] {
		t.Errorf("KIDs of the images: %s", strings.Join(kids, " "))
	}
}

func remove(t testing.TB, dir, kid string) {
	t.Helper()
	found := false
	err := filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
		if err == nil && strings.Contains(filepath.ToSlash(name), strings.TrimPrefix(kid, "K-")) {
			found = true
			return os.Remove(name)
		}
		return err
	})
	if err != nil || !found {
		t.Fatalf("remove %s: found %v, %v", kid, found, err)
	}
}

func replace(t testing.TB, old, by string) {
	t.Helper()
	if err := os.Rename(by, old); err != nil {
		t.Fatal(err)
	}
}

func TestImageBadInput(t *testing.T) {
	butane := func(text string) string {
		return fmt.Sprintf("butane = %q", "variant: fcos\nversion: 1.5.0\n"+text)
	}
	for name, c := range map[string]struct{ body, want string }{
		"unknown recipe key":  {`modulez = ["loop"]`, `modulez`},
		"unknown flavour":     {`linux = { flavour = "spicy" }`, `"spicy" is not one of`},
		"Butane syntax":       {butane("storage: ["), `The recipe is not\s+valid|butane`},
		"Butane ignored key":  {butane("storage:\n  filez: []\n"), `filez`},
		"Butane no systemd":   {butane("systemd:\n  units:\n    - name: x.service\n"), `systemd`},
		"missing agentd":      {`agentd = "/nowhere/agentd"`, `/nowhere/agentd`},
		"agentd is no binary": {`agentd = "/etc/hostname"`, `agentd`},
		"reserved argument":   {`args = ["cthulix.host=me"]`, `cthulix\.`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.keepPackages()
			w.test(resource.TestStep{
				Config:   w.config("resource \"cthulix_image\" \"lpd\" {\n name = \"lpd\"\n" + c.body + "\n}"),
				PlanOnly: true, ExpectError: regexp.MustCompile(c.want),
			})
		})
	}
}
