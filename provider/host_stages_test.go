package provider_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"text/tabwriter"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
	"github.com/cthulix/terraform-provider-cthulix/lab/light"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// broken is a machine of which one thing is broken on purpose, and what the
// error of the apply must say of it: the stage, what was seen, and what to do.
type broken struct {
	stage, name           string
	says, evidence, cause string
	// attributes are more of the host's configuration; image takes the place of
	// a good one, and mac of the machine's.
	attributes string
	image, mac string
	power      func() (code byte, handled bool) // at the power command; nil carries it out
	unreached  bool                             // its rack's Consul is not there
}

// stagesRow is how long a machine may take to the stage that it never reaches:
// long enough for a loaded computer to pass the others, which take no time.
const stagesRow = "6s"

// TestStages breaks each stage between power and the joined kernels, a machine
// a stage, and reads the errors of one apply.
func TestStages(t *testing.T) {
	plane := wire.New()
	w := newWorldOf(t, stagesStartup(), func(c *iossim.Config) {
		c.VLANs, c.Plane = map[int]string{20: "boot", 30: "elsewhere"}, plane
	})
	var rows []broken
	power := func(name string, data []byte) (code byte, handled bool) {
		i := slices.IndexFunc(rows, func(b broken) bool { return b.name == name })
		const powerOn = 1
		if i < 0 || rows[i].power == nil || len(data) == 0 || data[0] != powerOn {
			return 0, false
		}
		return rows[i].power()
	}
	const machines = 12
	r := newRack(t, w, "row", "52:54:00:25:00:01", machines, func(c *light.RackConfig) {
		c.Wire = plane
		c.Firmware = fstest.MapFS{"undionly.kpxe": {Data: []byte("bios")}} // and none for UEFI
		c.Intercept = func(name string, netFn, id byte, data []byte) ([]byte, byte, bool) {
			if netFn != 0x00 || id != 0x02 { // chassis control
				return nil, 0, false
			}
			code, handled := power(name, data)
			return nil, code, handled
		}
	})
	apart := newRack(t, w, "apart", "52:54:00:26:00:01", 1, func(c *light.RackConfig) {
		c.Consul, c.Network = nobodyListens(t), netip.MustParsePrefix("10.28.0.1/22")
	})
	if err := r.hub.PutKernel(context.Background(), ophub.Kernel{Name: "stages-k", Namespace: "stages-k", NodePool: "stages-k"}); err != nil {
		t.Fatal(err)
	}
	enter := func(port int, line string) func() (byte, bool) {
		return func() (byte, bool) {
			if out, err := w.sim.Exec("configure terminal", "interface "+light.Port(port), line, "end"); err != nil {
				t.Errorf("%s: %v: %s", line, err, out)
			}
			return 0, false
		}
	}
	incomplete := r.image("incomplete")
	r.lose(keg.Sum([]byte("the initrd of image incomplete")))
	absent := kid("an image that nobody stored")
	rows = []broken{
		{stage: "power", name: "row1", power: func() (byte, bool) { return 0, true }, // the BMC lies: it does nothing
			says: "did not start: no power", evidence: "s for on, last saw off", cause: "its BMC took the command, and the machine stays off: `cthulix host sel row1`", attributes: `stage_timeouts = { power = "2s" }`},
		{stage: "power", name: "row2", power: func() (byte, bool) { return 0xd6, true },
			says: "did not start: no power", evidence: "completion code 0xd6 (sub-function disabled or unavailable)", cause: "check that the account may switch the power"},
		{stage: "link", name: "row3", power: enter(2, "shutdown"),
			says: "no link", evidence: "port GigabitEthernet1/0/3 of leaf1 is shut down", cause: "find out who shut it"},
		{stage: "link", name: "row4", power: func() (byte, bool) { // it starts from a disk, and its card stays dark
			r.Machines[3].SetBoot(machine.Boot{Device: machine.DeviceDisk, Persistent: true})
			return 0, false
		}, says: "no link", evidence: "port GigabitEthernet1/0/4 of leaf1 is without a link (notconnect)", cause: "check that its cable leads to this host"},
		{stage: "DHCP", name: "row5", power: enter(4, "switchport access vlan 30"), attributes: "vlan = 20",
			says: "no DHCP request seen", evidence: "port GigabitEthernet1/0/5 of leaf1 is connected, but in VLAN 30", cause: "the host's record says VLAN 20: correct the port, or the host's vlan"},
		{stage: "DHCP", name: "row6", mac: "52:54:00:25:99:99",
			says: "no DHCP request seen", evidence: "port GigabitEthernet1/0/6 of leaf1 is connected, and has heard " + r.MACs[5], cause: "none of that is 52:54:00:25:99:99: correct the host's macs"},
		{stage: "boot file", name: "row7", attributes: `firmware = "uefi"`,
			says: "DHCP but no boot file", evidence: "snponly.efi by TFTP failed after 0 bytes: ", cause: "check that TFTP (UDP port 69) passes between host and opserver, and that the firmware is uefi"},
		{stage: "boot file", name: "row8", image: absent,
			says: "boot file but no linux", evidence: "no boot script: image " + short(absent) + " is not in the keg: apply again to store it", cause: "that image " + short(absent) + " is in the keg"},
		{stage: "kernel", name: "row9", image: incomplete,
			says: "linux but no initrd", evidence: "initrd 1 of 1 is not in the keg: apply again to store it", cause: "that the parts of image " + short(incomplete) + " are in the keg"},
		{stage: "kernel", name: "row10", image: r.image("panics", "light.fail="+light.FailPanic),
			says: "image but no agent", evidence: "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)", cause: "look at the console"},
		{stage: "agent", name: "row11", image: r.image("silent", "light.fail="+light.FailAgent),
			says: "image but no agent", evidence: "last seen: initrd", cause: "linux started but agentd was not heard of"},
		{stage: "registered", name: "apart1", unreached: true,
			says: "agent but not registered", evidence: "ophub at http://10.28.0.1:8500: register node apart1: ", cause: "check that the host can reach the ophub's Consul"},
		{stage: "joined", name: "row12", image: r.image("apart", "light.fail="+light.FailKernels), attributes: `kernels = ["stages-k"]`,
			says: "agent registered but kernel stages-k not joined", evidence: "kernel stages-k is starting", cause: "check that the host can reach the Nomad servers of the kernel"},
	}
	good := r.image("good")
	var config strings.Builder
	for i, b := range rows {
		rack, n := r, i
		switch {
		case b.unreached:
			rack, n = apart, 0
		case i > len(r.Machines)-1:
			n = len(r.Machines) - 1
		}
		image := b.image
		if image == "" {
			image = good
		}
		if b.unreached {
			image = apart.image("good")
		}
		config.WriteString(stagesHost(b, rack, n, image))
	}

	began := time.Now()
	failure := w.failure(w.config(config.String()))
	took := time.Since(began)
	var table strings.Builder
	tab := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "BROKEN\tHOST\tTHE ERROR SAYS\tEVIDENCE\tCAUSE")
	for _, b := range rows {
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%s\n", b.stage, b.name, b.says, b.evidence, b.cause)
		said := flat(errorOf(failure, b.name))
		for what, want := range map[string]string{"the stage": b.says, "the evidence": b.evidence, "the cause": b.cause} {
			if !strings.Contains(said, want) {
				t.Errorf("%s (%s): the error lacks %s, %q:\n%s", b.stage, b.name, what, want, said)
			}
		}
	}
	_ = tab.Flush()
	t.Logf("each stage broken on purpose, %d machines in %.1f s:\n%s", len(rows), took.Seconds(), table.String())
	if limit := time.Minute; took > limit {
		t.Errorf("it took %s, more than %s", took, limit)
	}
}

// stagesHost declares a machine of a rack. Of the others' rack no port is known.
func stagesHost(b broken, r *rack, n int, image string) string {
	mac := r.MACs[n]
	if b.mac != "" {
		mac = b.mac
	}
	place := ""
	if !b.unreached {
		place = fmt.Sprintf("switch = \"leaf1\"\n  port = %q", light.Port(n))
	}
	if !strings.Contains(b.attributes, "stage_timeouts") {
		place += "\n  stage_timeouts = { "
		for i, stage := range []string{"dhcp", "boot_file", "boot_script", "linux", "initrd", "agent", "registered", "kernels_joined"} {
			if i > 0 {
				place += ", "
			}
			place += fmt.Sprintf("%s = %q", stage, stagesRow)
		}
		place += " }"
	}
	return fmt.Sprintf(`
resource "cthulix_host" %[1]q {
  name  = %[1]q
  macs  = [%[2]q]
  image = %[3]q
  bmc   = { address = %[4]q, credentials = "bmc" }
  %[5]s
  %[6]s
}
`, b.name, mac, image, r.Addresses[n], place, b.attributes)
}

// errorOf is what Terraform says of one host.
func errorOf(failure, host string) string {
	for _, one := range regexp.MustCompile(`(?m)^Error: `).Split(failure, -1) {
		if strings.Contains(one, fmt.Sprintf("with cthulix_host.%s,", host)) {
			return one
		}
	}
	return "no error"
}

// stagesStartup is a switch whose ports are in the boot network, and owned by
// nobody.
func stagesStartup() string {
	var b strings.Builder
	b.WriteString("hostname leaf1\n!\n")
	for n := range 48 {
		fmt.Fprintf(&b, "interface %s\n switchport mode access\n switchport access vlan 20\n!\n", light.Port(n))
	}
	b.WriteString("end\n")
	return b.String()
}

// nobodyListens is an address at which connections are refused.
func nobodyListens(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// lose takes a blob out of the keg.
func (r *rack) lose(blob keg.KID) {
	r.t.Helper()
	found, err := filepath.Glob(filepath.Join(r.store.Path(), "blobs", "*", string(blob)))
	if err == nil && len(found) == 1 {
		err = os.Remove(found[0])
	}
	if err != nil || len(found) != 1 {
		r.t.Fatalf("blob %s: %q, %v", blob, found, err)
	}
}

func short(image string) string { return keg.KID(image).Short() }
