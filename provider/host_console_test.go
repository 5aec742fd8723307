package provider_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/lab/light"
)

// The error of a boot that stalls ends with what the machine last said. Of a
// console that cannot be had there is one line, and it stays with who has it.
func TestHostConsole(t *testing.T) {
	w := newWorld(t)
	// The second machine's BMC has serial over LAN disabled, the third's is held.
	r := newRack(t, w, "talk", "52:54:00:23:00:01", 3, func(c *light.RackConfig) {
		c.Intercept = func(machine string, netFn, id byte, _ []byte) ([]byte, byte, bool) {
			return []byte{0x11, 0}, 0, machine == "talk2" && netFn == 0x0c && id == 0x22
		}
	})
	held, err := ipmi.NewPool().Get(ipmi.Target{Name: "talk3", Address: r.Addresses[2], Username: "ADMIN", Password: bmcPassword}).Console(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	// What a machine prints of its command line, and so of a secret in it, is told without.
	bad := r.image("panics", "light.fail="+light.FailPanic, "debug.password="+bmcPassword, "marked="+switchPassword)
	failure := w.failure(r.config(w, bad, `stage_timeouts = { agent = "3s" }`))
	// The lines of the console are as they were.
	verbatim := regexp.MustCompile(`\n    PXE: 10\..*\n    iPXE: .*\n    Linux version light\n    Command line: .* debug\.password=\[withheld\] marked=\[withheld\].*\n` +
		`    Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block\(0,0\)\n`)
	if !verbatim.MatchString(failure) {
		t.Errorf("the error lacks %s:\n%s", verbatim, failure)
	}
	for _, want := range []string{
		"Serial console of talk1, booting " + mustKID(t, bad).Short() + ", the last lines: ",
		"Serial console of talk2, booting " + mustKID(t, bad).Short() + ": not heard: serial over LAN is disabled on its BMC. ",
		"Serial console of talk3, booting " + mustKID(t, bad).Short() + ": not heard: somebody else has it. ",
	} {
		if !strings.Contains(flat(failure), want) {
			t.Errorf("the error lacks %q:\n%s", want, failure)
		}
	}
	for _, secret := range []string{bmcPassword, switchPassword} {
		if strings.Contains(failure, secret) {
			t.Errorf("the error tells %q", secret)
		}
	}
	if err := w.journaled(`"its serial console is not heard"`, "disabled on its BMC")(nil); err != nil {
		t.Error(err)
	}
	said := make([]byte, 16<<10)
	n, err := held.Read(said)
	if err != nil || !strings.Contains(string(said[:n]), "Light firmware") {
		t.Errorf("who has the console hears %q, %v", said[:n], err)
	}
	if err := held.Close(); err != nil {
		t.Error(err)
	}
	for i, b := range r.BMCs {
		if n := b.OpenSessions(); n != 0 {
			t.Errorf("BMC %d: %d sessions were left open", i+1, n)
		}
	}
}

// failure applies a configuration that cannot be, and returns what Terraform
// says of it.
func (w *world) failure(config string) string {
	w.t.Helper()
	t, ok := w.t.(*testing.T)
	if !ok {
		w.t.Fatal("not a test")
	}
	var text string
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		ErrorCheck: func(err error) error {
			text = err.Error()
			return nil
		},
		Steps: []resource.TestStep{{Config: config}},
	})
	if text == "" {
		t.Fatal("it was applied")
	}
	return text
}

// flat undoes Terraform's breaking of lines.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") + " " }
