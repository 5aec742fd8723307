package twin

import (
	"context"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	"github.com/cthulix/terraform-provider-cthulix/fabric/nxos"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

func newNexus(t testing.TB) (*iossim.Sim, fabric.Target) {
	t.Helper()
	sim, target := newSwitchFrom(t, iossim.Config{Profile: "N9K-C93180YC-EX", Hostname: "leaf1", Users: map[string]string{"admin": "pw"}})
	target.Platform = nxos.Platform
	return sim, target
}

// TestNexusPairs is TestPairs for NX-OS: from A to B in a transaction over SSH,
// nothing else touched, planning again empty, and the inverse lines back to A.
func TestNexusPairs(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("TWIN_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	pairs := 20
	if s := os.Getenv("TWIN_PAIRS"); s != "" {
		pairs, _ = strconv.Atoi(s)
	}
	t.Logf("TWIN_SEED=%d", seed)
	r := mrand.New(mrand.NewPCG(seed, 0))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	sim, target := newNexus(t)
	done := 0
	for i := 0; done < pairs && i < 20*pairs; i++ {
		if _, err := nxos.Transact(ctx, target, nexusWant(r), ios.TransactOptions{}); err != nil && !impossible(err) {
			t.Fatalf("pair %d: reach A: %v", i, err)
		}
		before := sim.RunningConfig()
		b := nexusWant(r)
		out, err := nxos.Transact(ctx, target, b, ios.TransactOptions{})
		if impossible(err) {
			continue
		}
		fail := func(err error) {
			t.Fatalf("pair %d: %v\ncommands\n%s\nrollback\n%s\nbefore\n%s\nafter\n%s", i, err,
				strings.Join(out.Change.Commands, "\n"), strings.Join(out.Change.Rollback, "\n"), before, sim.RunningConfig())
		}
		if err != nil {
			fail(err)
		}
		if out.Change.Empty() {
			continue
		}
		done++
		if again, err := nxos.Transact(ctx, target, b, ios.TransactOptions{}); err != nil || !again.Change.Empty() {
			fail(fmt.Errorf("again: %w, %q", err, again.Change.Commands))
		}
		for name, p := range out.Before.Ports {
			_, wanted := b.Ports[name]
			gone := slices.Contains(b.AbsentChannels, fabric.ChannelGroup(name))
			if _, with := b.Ports[nxos.ChannelName(p.Group())]; !gone && !wanted && !with && !slices.Equal(p.Lines, out.After.Ports[name].Lines) {
				fail(fmt.Errorf("%s was not in scope and changed to %q", name, out.After.Ports[name].Lines))
			}
		}
		if _, err := sim.Exec(slices.Concat([]string{"configure terminal"}, out.Change.Rollback, []string{"end"})...); err != nil {
			fail(err)
		}
		if after := sim.RunningConfig(); headless(after) != headless(before) {
			fail(errors.New("the inverse lines lead elsewhere"))
		}
	}
	if done < pairs {
		t.Errorf("%d of %d pairs had a change", done, pairs)
	}
}

// TestNexusLostWhileSaving: what ends the session while it saves may be a restart.
// Then the change is gone, and is told to be; or the change is saved on another
// session.
func TestNexusLostWhileSaving(t *testing.T) {
	for kind, gone := range map[iossim.FaultKind]bool{iossim.DropBefore: false, iossim.DropAfter: false, iossim.RebootBefore: true, iossim.RebootAfter: false} {
		t.Run(string(kind), func(t *testing.T) {
			sim, target := newNexus(t)
			target.Timeouts.Retry = 20 * time.Millisecond
			if _, err := sim.Exec("copy running-config startup-config"); err != nil {
				t.Fatal(err)
			}
			before := headless(sim.RunningConfig())
			fault := iossim.FaultAt(kind, 1)
			fault.Config, fault.Line = false, "^copy running-config startup-config$"
			if err := sim.SetFault(fault); err != nil {
				t.Fatal(err)
			}
			_, err := nxos.Transact(t.Context(), target, fabric.Want{VLANs: map[int]fabric.VLAN{20: {Name: "lab"}}}, ios.TransactOptions{Save: true})
			if left := sim.PendingFaults(); left != 0 {
				t.Fatal("the fault did not strike")
			}
			var verify *ios.VerifyError
			if gone && (!errors.As(err, &verify) || !verify.RolledBack || headless(sim.RunningConfig()) != before) || !gone && err != nil {
				t.Errorf("got %v on\n%s", err, sim.RunningConfig())
			}
			if !gone && headless(sim.StartupConfig()) != headless(sim.RunningConfig()) {
				t.Error("not saved")
			}
		})
	}
}

// headless drops the times at the head of a configuration.
func headless(text string) string {
	if at := strings.Index(text, "version "); at >= 0 {
		return text[at:]
	}
	return text
}

// impossible says that a random wish makes no sense for the switch.
func impossible(err error) bool {
	var fields fabric.FieldErrors
	var field *fabric.FieldError
	return errors.As(err, &fields) || errors.As(err, &field)
}

func nexusWant(r *mrand.Rand) fabric.Want {
	w := fabric.Want{VLANs: map[int]fabric.VLAN{}, Ports: map[string]fabric.Port{}}
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	port := func() fabric.Port {
		p := fabric.Port{Mode: fabric.PortMode(pick("access", "trunk", "trunk")), Description: pick("", "a", "to b"), Shutdown: r.IntN(4) == 0,
			PortFast: r.IntN(3) == 0, AccessVLAN: []int{0, 1, 10}[r.IntN(3)], NativeVLAN: []int{0, 1, 10}[r.IntN(3)]}
		if r.IntN(2) == 0 {
			p.Allowed, _ = fabric.ParseVLANSet(pick("all", "none", "10-11", "1,3,5,7,9,100,200,300,400,500,600,700,800-900,1000,2000,3000,3100-3150,3200,3300", "2-4094"))
		}
		return p
	}
	w.VLANs[10] = fabric.VLAN{Name: pick("", "users", "lab"), State: pick("", "active", "suspend")}
	switch r.IntN(3) {
	case 0:
		w.VLANs[11] = fabric.VLAN{Name: pick("", "voice")}
	case 1:
		w.AbsentVLANs = []int{11}
	}
	for group := 1; group <= 2; group++ {
		switch r.IntN(4) {
		case 0:
			w.AbsentChannels = append(w.AbsentChannels, group)
		case 1, 2:
			p := port()
			// At any line of a port-channel the simulated switch makes the members
			// like it; a description alone is no reason to expect that.
			p.Description = ""
			w.Ports[nxos.ChannelName(group)] = p
		}
	}
	for i := 1; i <= 6; i++ {
		p := port()
		switch r.IntN(5) {
		case 0:
			continue
		case 1, 2:
			p.Channel = &fabric.ChannelMember{Group: 1 + r.IntN(2), Mode: fabric.ChannelMode(pick("active", "active", "passive", "on"))}
			p.Mode, p.AccessVLAN, p.NativeVLAN, p.Allowed = "", 0, 0, fabric.VLANSet{}
		case 3:
			p.Channel = &fabric.ChannelMember{}
		}
		w.Ports["Ethernet1/"+strconv.Itoa(i)] = p
	}
	return w
}
