package twin

import (
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	"github.com/cthulix/terraform-provider-cthulix/fabric/path"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

const uplink = "GigabitEthernet1/0/48"

// TestPathProof: for random switches and wishes, the line of which the proof
// says that it cuts the management path is the first after which the simulated
// switch no longer carries it as it did; and where nothing is refused, no line
// does.
func TestPathProof(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("TWIN_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("TWIN_SEED=%d", seed)
	r := mrand.New(mrand.NewPCG(seed, 0))
	cuts := 0
	for i := range 60 {
		sim, err := iossim.New(iossim.Config{Hostname: "leaf1", Startup: managedSwitch(r)})
		if err != nil {
			t.Fatal(err)
		}
		obs := simObservation(t, sim)
		change, err := ios.Plan(obs, managedWant(r))
		if err != nil {
			continue
		}
		m := path.Management{Address: netip.MustParseAddr("10.0.0.2"), Interface: uplink}
		verdict, err := path.Prove(obs, change.Commands, m)
		claimed := 0
		var cut *path.CutError
		if errors.As(err, &cut) {
			claimed = cut.Number
			cuts++
		} else if !verdict.Known {
			t.Fatalf("wish %d: not known: %+v", i, verdict)
		}
		way, seen, head := carried(obs), 0, "end"
		for n, line := range change.Commands {
			if strings.HasPrefix(line, "interface ") || strings.HasPrefix(line, "vlan ") {
				head = line
			}
			lines := []string{"configure terminal", head, line, "end"}
			if head == line || head == "end" || line == "exit" {
				lines = []string{"configure terminal", line, "end"}
			}
			if line == "exit" {
				head = "end"
				continue
			}
			if _, err := sim.Exec(lines...); err != nil {
				t.Fatalf("wish %d, line %d: %v\n%s", i, n+1, err, strings.Join(change.Commands, "\n"))
			}
			if now := carried(simObservation(t, sim)); now != way {
				seen = n + 1
				break
			}
		}
		if seen != claimed {
			t.Fatalf("wish %d: the proof says line %d (%v), the switch says line %d of\n%s\non\n%s", i, claimed, err, seen,
				strings.Join(change.Commands, "\n"), obs.Running)
		}
	}
	t.Logf("%d of 60 wishes cut the path", cuts)
	if cuts == 0 {
		t.Error("no wish cut the path: the test has lost its point")
	}
}

// carried tells how VLAN 10 travels between the SVI and the uplink.
func carried(obs fabric.Observation) string {
	p, svi := obs.Ports[uplink], obs.SVIs[10]
	v, exists := obs.VLANs[10]
	form := "not at all"
	switch {
	case p.Shutdown || p.Routed || p.Group() != 0 || !exists || v.EffectiveState() != fabric.VLANActive:
	case p.Mode == fabric.ModeAccess && p.AccessVLAN == 10:
		form = "untagged"
	case p.Mode == fabric.ModeTrunk && p.Allowed.Contains(10) && p.NativeVLAN == 10:
		form = "untagged"
	case p.Mode == fabric.ModeTrunk && p.Allowed.Contains(10):
		form = "tagged"
	}
	return fmt.Sprint(form, svi.Down(), svi.Addresses)
}

func simObservation(t *testing.T, sim *iossim.Sim) fabric.Observation {
	t.Helper()
	running := sim.RunningConfig()
	cfg, err := ios.ParseRunning(running)
	if err != nil {
		t.Fatal(err)
	}
	brief, err := sim.Exec("terminal length 0", "show vlan brief")
	if err != nil {
		t.Fatal(err)
	}
	if cfg.VLANs, err = ios.ParseVLANBrief(brief); err != nil {
		t.Fatal(err)
	}
	return fabric.Observation{Config: cfg, Platform: "ios", VTPMode: "transparent", Running: running,
		Capabilities: fabric.Capabilities{DefaultMode: fabric.ModeDynamicAuto, ExtendedVLANs: true}}
}

func managedSwitch(r *mrand.Rand) string {
	ways := []string{
		" switchport access vlan 10\n switchport mode access\n",
		" switchport trunk native vlan 10\n switchport mode trunk\n",
		" switchport trunk allowed vlan 10,20\n switchport mode trunk\n",
		" switchport access vlan 10\n switchport trunk native vlan 20\n switchport trunk allowed vlan 1-100\n switchport mode trunk\n",
	}
	return "hostname leaf1\nvtp mode transparent\nvlan 10\n name mgmt\n!\nvlan 20\n!\ninterface " + uplink + "\n" + ways[r.IntN(len(ways))] +
		"!\ninterface GigabitEthernet1/0/1\n switchport access vlan 20\n switchport mode access\n!\n" +
		"interface Vlan10\n ip address 10.0.0.2 255.255.255.0\n!\nend\n"
}

func managedWant(r *mrand.Rand) fabric.Want {
	pick := func(n ...int) int { return n[r.IntN(len(n))] }
	p := fabric.Port{Mode: []fabric.PortMode{"access", "trunk", "trunk"}[r.IntN(3)], AccessVLAN: pick(0, 1, 10, 10, 20), NativeVLAN: pick(0, 1, 10, 20),
		Shutdown: r.IntN(8) == 0, Description: []string{"", "to the core"}[r.IntN(2)]}
	if r.IntN(2) == 0 {
		p.Allowed, _ = fabric.ParseVLANSet([]string{"all", "none", "10,30", "20", "1-4094", "2-9,11-4094"}[r.IntN(6)])
	}
	w := fabric.Want{Ports: map[string]fabric.Port{uplink: p}}
	if r.IntN(3) == 0 {
		delete(w.Ports, uplink)
		w.Ports["GigabitEthernet1/0/1"] = p
	}
	switch r.IntN(6) {
	case 0:
		w.AbsentVLANs = []int{10}
	case 1:
		w.VLANs = map[int]fabric.VLAN{30: {Name: "new"}, 10: {Name: "other"}}
	case 2:
		w.VLANs = map[int]fabric.VLAN{10: {State: "suspend"}}
	case 3:
		w.SVIs = map[int]fabric.SVI{10: {Shutdown: fabric.ToggleOf(r.IntN(2) == 0)}}
	case 4:
		w.SVIs = map[int]fabric.SVI{10: {Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0." + strconv.Itoa(pick(2, 3)) + "/24")}}}
	}
	return w
}
