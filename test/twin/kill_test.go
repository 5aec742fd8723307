package twin

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
)

// victimEnv holds the order of a process that is going to be killed.
const victimEnv = "TWIN_VICTIM"

type victimOrder struct {
	Address, HostKey string
	Stage            ios.Stage // where it stops and waits to be killed
	Number           int
	Want             fabric.Want
}

// TestVictim is a run that is killed by another test; on its own it does
// nothing.
func TestVictim(t *testing.T) {
	text := os.Getenv(victimEnv)
	if text == "" {
		return
	}
	var o victimOrder
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	target := fabric.Target{Name: "leaf1", Address: o.Address, Username: "admin", Password: "pw", EnablePassword: "enable", HostKey: o.HostKey}
	_, err := ios.Transact(t.Context(), target, o.Want, ios.TransactOptions{Save: true, Progress: func(s ios.Step) {
		if s.Stage == o.Stage && s.Number == o.Number {
			fmt.Println("\nkill me")
			select {}
		}
	}})
	t.Fatalf("it was to be killed and ended: %v", err)
}

// killedAt runs a transaction in a process of its own and kills that there.
func killedAt(t *testing.T, r rig, want fabric.Want, stage ios.Stage, number int) {
	t.Helper()
	order, err := json.Marshal(victimOrder{r.target.Address, r.target.HostKey, stage, number, want})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestVictim$")
	cmd.Env = append(os.Environ(), victimEnv+"="+string(order))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, ready := strings.Builder{}, false
	for in := bufio.NewScanner(out); !ready && in.Scan(); {
		said.WriteString(in.Text() + "\n")
		ready = in.Text() == "kill me"
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if !ready {
		t.Fatalf("the victim never came to %s %d: %s", stage, number, said.String())
	}
}

// TestKilled kills a run with SIGKILL at every point. The next run finds what
// it left, and brings the switch to the want; or Recover takes it back.
func TestKilled(t *testing.T) {
	type point struct {
		stage  ios.Stage
		number int
	}
	points := []point{{ios.StageConnect, 0}, {ios.StageObserve, 0}, {ios.StageArm, 0}, {ios.StageVerify, 0}, {ios.StageConfirm, 0}, {ios.StageSave, 0}}
	for n := 1; n <= 20; n++ {
		points = append(points, point{ios.StageLine, n})
	}
	for _, way := range []ios.WayBack{ios.WayBackRevertTimer, ios.WayBackReload} {
		for _, p := range points {
			t.Run(fmt.Sprintf("%s/%s %d", way, p.stage, p.number), func(t *testing.T) {
				armed := p.stage != ios.StageConnect && p.stage != ios.StageObserve && p.stage != ios.StageSave
				whole := p.stage == ios.StageVerify || p.stage == ios.StageConfirm

				r := newRig(t, way, false)
				killedAt(t, r, twentyLines(), p.stage, p.number)
				out, err := ios.Transact(t.Context(), r.target, twentyLines(), ios.TransactOptions{Save: true})
				if err != nil {
					t.Fatal(err)
				}
				if again, err := ios.Plan(out.After, twentyLines()); err != nil || !again.Empty() {
					t.Errorf("not as wanted: %v %q", err, again.Commands)
				}
				if r.sim.StartupConfig() != r.sim.RunningConfig() {
					t.Error("not saved")
				}
				action := ios.RecoveryAction("")
				switch {
				case whole:
					action = ios.Finished
				case armed:
					action = ios.Reverted
				}
				if out.Recovered.Action != action || (out.Recovered.Found != nil) != armed {
					t.Errorf("what was left pending: %v %q, want %q", out.Recovered.Found, out.Recovered.Action, action)
				}
				nothingPending(t, r.sim)

				r = newRig(t, way, false)
				killedAt(t, r, twentyLines(), p.stage, p.number)
				if _, err := ios.Recover(t.Context(), r.target, ""); err != nil {
					t.Fatal(err)
				}
				if armed && r.sim.RunningConfig() != strings.SplitAfter(r.before, "\nend\n")[0] {
					t.Error("not as before")
				}
				nothingPending(t, r.sim)
			})
		}
	}
}

// TestRecoverEverything: where only a reload is armed, its startup
// configuration says what all kinds of things were.
func TestRecoverEverything(t *testing.T) {
	r := newRig(t, ios.WayBackReload, true)
	if _, err := r.sim.Exec("configure terminal", "vtp mode transparent", "vlan 30", "name kept", "vlan 40", "exit",
		"spanning-tree mode rapid-pvst", "interface Vlan30", "ip address 192.0.2.1 255.255.255.0", "end", "write memory"); err != nil {
		t.Fatal(err)
	}
	r.before = state(t, r.sim)
	want := twentyLines()
	want.VLANs[30] = fabric.VLAN{Name: "other"}
	want.AbsentVLANs = []int{40}
	want.SVIs = map[int]fabric.SVI{20: {Addresses: []netip.Prefix{netip.MustParsePrefix("198.51.100.1/24")}}}
	want.AbsentSVIs = []int{30}
	want.Global = fabric.Global{SpanningTreeMode: "mst", DefaultGateway: netip.MustParseAddr("198.51.100.254")}
	killedAt(t, r, want, ios.StageVerify, 0)
	if state(t, r.sim) == r.before {
		t.Fatal("the victim changed nothing")
	}
	got, err := ios.Recover(t.Context(), r.target, "")
	if err != nil || got.Action != ios.Reverted {
		t.Fatalf("%+v: %v", got, err)
	}
	if after := state(t, r.sim); after != r.before {
		t.Errorf("the switch is not as before: %s", cmp.Diff(r.before, after))
	}
	nothingPending(t, r.sim)
}
