package ophub_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func seen(secondsAgo int, stage ophub.Stage, detail string) ophub.Event {
	return ophub.Event{Stage: stage, Time: noon.Add(-time.Duration(secondsAgo) * time.Second), Detail: detail, MAC: "52:54:00:00:00:01"}
}

func live(boot string, kernels map[string]ophub.KernelState) *ophub.Agent {
	return &ophub.Agent{Host: "node1", BootID: boot, Image: imageA, Addresses: []string{"10.20.0.11"}, Updated: noon.Add(-3 * time.Second), Kernels: kernels}
}

func TestDiagnose(t *testing.T) {
	host := &ophub.Host{
		Name: "node1", MACs: []string{"52:54:00:00:00:01"}, Switch: "leaf1", Port: "GigabitEthernet1/0/1", VLAN: 20,
		Image: imageA, Kernels: []string{"main"}, Firmware: "bios", BMC: "127.0.0.1:6231",
	}
	ready := map[string]ophub.KernelState{"main": {Status: ophub.KernelReady}}
	started := noon.Add(-90 * time.Second)
	const netHint = "check that port GigabitEthernet1/0/1 of switch leaf1 is up and in VLAN 20, that 52:54:00:00:00:01 is the address of what is plugged in there, and that the host boots from the network"
	for _, c := range []struct {
		name     string
		boot     ophub.Boot
		agent    *ophub.Agent
		off      bool
		noHost   bool
		err      error
		since    time.Time
		stage    string
		evidence string
		hint     string
		reached  ophub.Stage
		ready    bool
	}{{
		name: "no record", noHost: true,
		stage: "no host record", evidence: "nothing seen so far", hint: "the opserver serves only hosts with a record: create the host first",
	}, {
		name: "no ophub", noHost: true, err: errors.New("refused"),
		stage: "no records", evidence: "nothing read; the records cannot be read now: refused", hint: "check that the ophub's Consul runs and can be reached from here",
	}, {
		name: "no power", off: true, boot: ophub.Boot{Started: started, Reason: "power on"},
		stage: "no power", evidence: "nothing seen since 11:58:30 UTC (power on), 1m30s ago", hint: "power the host on, and check its BMC at 127.0.0.1:6231",
	}, {
		name: "no power, whatever lives", off: true, agent: live("new", ready),
		stage: "no power", evidence: "nothing seen so far", hint: "power the host on, and check its BMC at 127.0.0.1:6231",
	}, {
		name: "no DHCP", boot: ophub.Boot{Started: started, Events: []ophub.Event{seen(80, ophub.StagePower, "on")}},
		stage: "no DHCP request seen", evidence: "last seen: power (52:54:00:00:00:01) on, 1m20s ago", hint: netHint, reached: ophub.StagePower,
	}, {
		name: "only earlier events", boot: ophub.Boot{Events: []ophub.Event{seen(600, ophub.StageInitrd, "")}}, since: started,
		stage: "no DHCP request seen", evidence: "nothing seen since 11:58:30 UTC, 1m30s ago", hint: netHint,
	}, {
		name: "DHCP", boot: ophub.Boot{Events: []ophub.Event{{Stage: ophub.StageDHCP, Time: noon.Add(-12 * time.Second), MAC: "52:54:00:00:00:01", Address: "10.20.0.11", Detail: "offered", Count: 4}}},
		stage: "DHCP but no boot file", evidence: "last seen: DHCP (52:54:00:00:00:01, 10.20.0.11) offered, 4 times, 12s ago",
		hint: "check that TFTP (UDP port 69) passes between host and opserver, and that the firmware is bios", reached: ophub.StageDHCP,
	}, {
		// iPXE asks for an address of its own: no restart.
		name: "boot file", boot: ophub.Boot{Events: []ophub.Event{seen(20, ophub.StageDHCP, ""), seen(19, ophub.StageBootFile, "undionly.kpxe"), seen(15, ophub.StageDHCP, "")}},
		stage: "boot file but no linux", evidence: "last seen: DHCP (52:54:00:00:00:01), 15s ago",
		hint: "check that the host can reach the opserver's HTTP port, and that image " + imageA.Short() + " is in the keg", reached: ophub.StageBootFile,
	}, {
		name: "boot script", boot: ophub.Boot{Events: []ophub.Event{seen(9, ophub.StageBootScript, "")}},
		stage: "boot file but no linux", evidence: "last seen: boot script (52:54:00:00:00:01), 9s ago",
		hint: "check that the host can reach the opserver's HTTP port, and that image " + imageA.Short() + " is in the keg", reached: ophub.StageBootScript,
	}, {
		name: "linux", boot: ophub.Boot{Events: []ophub.Event{seen(9, ophub.StageLinux, "")}},
		stage: "linux but no initrd", evidence: "last seen: linux (52:54:00:00:00:01), 9s ago",
		hint: "check the way to the opserver's HTTP port, and that the parts of image " + imageA.Short() + " are in the keg", reached: ophub.StageLinux,
	}, {
		name: "initrd", boot: ophub.Boot{Events: []ophub.Event{seen(65, ophub.StageDHCP, ""), seen(60, ophub.StageLinux, ""), seen(58, ophub.StageInitrd, "31 MB")}},
		stage: "image but no agent", evidence: "last seen: initrd (52:54:00:00:00:01) 31 MB, 58s ago",
		hint: "linux started but agentd was not heard of: look at the console; often the image lacks the module of the network card", reached: ophub.StageInitrd,
	}, {
		name: "boot loop", boot: ophub.Boot{Events: []ophub.Event{
			seen(65, ophub.StageDHCP, ""), seen(60, ophub.StageInitrd, ""), seen(40, ophub.StageDHCP, ""), seen(35, ophub.StageInitrd, ""), seen(5, ophub.StageDHCP, "")}},
		stage: "image but no agent", evidence: "last seen: DHCP (52:54:00:00:00:01), 5s ago; it began again 2 times after it had loaded linux",
		hint: "linux started but agentd was not heard of: look at the console; often the image lacks the module of the network card", reached: ophub.StageInitrd,
	}, {
		name: "agent", boot: ophub.Boot{Events: []ophub.Event{seen(7, ophub.StageAgent, "no route to 10.20.0.1:8500")}},
		stage: "agent but not registered", evidence: "last seen: agent (52:54:00:00:00:01) no route to 10.20.0.1:8500, 7s ago",
		hint: "agentd runs but does not register: check that the host can reach the ophub's Consul, and look at its console", reached: ophub.StageAgent,
	}, {
		name: "lost", boot: ophub.Boot{Events: []ophub.Event{seen(300, ophub.StageRegistered, "")}},
		stage: "agent registered but lost", evidence: "last seen: registered (52:54:00:00:00:01), 5m0s ago",
		hint: "the host crashed or lost its network: look at its console", reached: ophub.StageRegistered,
	}, {
		name: "agent of the boot before", boot: ophub.Boot{OldBootID: "old", Started: started, Events: []ophub.Event{seen(12, ophub.StageDHCP, "")}}, agent: live("old", ready),
		stage: "DHCP but no boot file", evidence: "last seen: DHCP (52:54:00:00:00:01), 12s ago; the agent of the boot before is still registered",
		hint: "check that TFTP (UDP port 69) passes between host and opserver, and that the firmware is bios", reached: ophub.StageDHCP,
	}, {
		name: "the boot before registered again", boot: ophub.Boot{OldBootID: "old", Started: started, Events: []ophub.Event{{Stage: ophub.StageRegistered, BootID: "old", Time: noon}}},
		stage: "no DHCP request seen", evidence: "nothing seen since 11:58:30 UTC, 1m30s ago", hint: netHint,
	}, {
		name: "kernel not joined", agent: live("new", map[string]ophub.KernelState{"main": {Status: ophub.KernelFailed, Error: "no server answers"}}),
		stage: "agent registered but kernel main not joined", evidence: "agent of boot new at 10.20.0.11, updated 3s ago, kernel main is failed: no server answers",
		hint: "check that the host can reach the Nomad servers of the kernel, and that its agent release is in the keg",
	}, {
		name: "kernel not known", agent: live("new", nil),
		stage: "agent registered but kernel main not joined", evidence: "agent of boot new at 10.20.0.11, updated 3s ago, nothing said of kernel main",
		hint: "check that the host can reach the Nomad servers of the kernel, and that its agent release is in the keg",
	}, {
		name: "ready", agent: live("0123456789abcdef", ready), boot: ophub.Boot{OldBootID: "old"}, ready: true,
		stage: "ready", evidence: "agent of boot 01234567 at 10.20.0.11, updated 3s ago",
	}, {
		name: "ready, as read last", agent: live("new", ready), err: errors.New("refused"),
		stage: "no records", evidence: "agent of boot new at 10.20.0.11, updated 3s ago; the records cannot be read now: refused",
	}} {
		t.Run(c.name, func(t *testing.T) {
			v := ophub.View{Host: host, Boot: c.boot, Agent: c.agent, At: noon, Err: c.err}
			if c.noHost {
				v.Host = nil
			}
			want := ophub.Verdict{Ready: c.ready, Stage: c.stage, Evidence: c.evidence, Hint: c.hint, Reached: c.reached}
			if got := ophub.Diagnose(v, imageA, !c.off, c.since); got != want {
				t.Errorf("\n got %+v\nwant %+v", got, want)
			}
		})
	}

	v := ophub.View{Host: host, Agent: live("new", ready), At: noon}
	got := ophub.Diagnose(v, imageB, true, time.Time{})
	if got.Stage != "agent with another image" || !strings.Contains(got.Evidence, "runs "+imageA.Short()+", want "+imageB.Short()) || !strings.Contains(got.Hint, "record asks for") {
		t.Errorf("another image, not asked for: %+v", got)
	}
	asked := *host
	asked.Image = imageB
	v.Host = &asked
	if got := ophub.Diagnose(v, imageB, true, time.Time{}); got.Stage != "agent with another image" || !strings.HasPrefix(got.Hint, "restart the host") {
		t.Errorf("another image: %+v", got)
	}
	if got := ophub.Diagnose(v, "", true, time.Time{}); !got.Ready {
		t.Errorf("any image: %+v", got)
	}
}

// views plays back what a hub would send.
type views chan ophub.View

func (v views) WatchHost(ctx context.Context, _ string) <-chan ophub.View {
	out := make(chan ophub.View)
	go func() {
		defer close(out)
		for {
			select {
			case view := <-v:
				select {
				case out <- view:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func TestWaitReady(t *testing.T) {
	host := &ophub.Host{Name: "node1", MACs: []string{"52:54:00:00:00:01"}, Switch: "leaf1", Port: "Gi1/0/1", VLAN: 20, Image: imageA, Kernels: []string{"main"}}
	dhcp := ophub.Boot{Events: []ophub.Event{{Stage: ophub.StageDHCP, Time: time.Now()}}}
	starting := live("b", map[string]ophub.KernelState{"main": {Status: ophub.KernelStarting}})
	ready := live("b", map[string]ophub.KernelState{"main": {Status: ophub.KernelReady}})

	hub := make(views, 5)
	for _, v := range []ophub.View{{}, {Host: host}, {Host: host, Boot: dhcp}, {Host: host, Boot: dhcp, Agent: starting}, {Host: host, Agent: ready}} {
		v.At = time.Now()
		hub <- v
	}
	var told []string
	agent, err := ophub.WaitReady(within(t, 10*time.Second), hub, "node1", imageA, ophub.WaitOptions{
		Progress: func(v ophub.Verdict) { told = append(told, v.Stage) },
	})
	if err != nil || agent.BootID != "b" {
		t.Fatalf("%+v, %v", agent, err)
	}
	if got, want := strings.Join(told, "; "), "no host record; no DHCP request seen; DHCP but no boot file; agent registered but kernel main not joined; ready"; got != want {
		t.Errorf("progress:\n got %s\nwant %s", got, want)
	}

	hub <- ophub.View{Host: host, Agent: starting, At: time.Now()}
	if _, err := ophub.WaitReady(within(t, 10*time.Second), hub, "node1", imageA, ophub.WaitOptions{Kernels: []string{}}); err != nil {
		t.Errorf("no kernel asked for: %v", err)
	}
}

func TestNotReady(t *testing.T) {
	host := &ophub.Host{Name: "node1", MACs: []string{"52:54:00:00:00:01"}, Switch: "leaf1", Port: "Gi1/0/1", VLAN: 20}
	hub := make(views, 1)
	hub <- ophub.View{Host: host, At: time.Now()}
	told, again := make(chan struct{}), 0
	ctx, cancel := context.WithCancel(within(t, 10*time.Second))
	go func() {
		<-told
		cancel()
	}()
	_, err := ophub.WaitReady(ctx, hub, "node1", imageA, ophub.WaitOptions{Every: time.Millisecond, Progress: func(ophub.Verdict) {
		// The first is the news, the others say that it still stands.
		if again++; again == 3 {
			close(told)
		}
	}})
	var not *ophub.NotReady
	if !errors.As(err, &not) || !errors.Is(err, context.Canceled) || not.Port != "Gi1/0/1" {
		t.Fatalf("got %v", err)
	}
	not.Waited = 3 * time.Minute
	want := "host node1 (port Gi1/0/1 of switch leaf1) is not ready after 3m0s: no DHCP request seen; nothing seen so far; " +
		"check that port Gi1/0/1 of switch leaf1 is up and in VLAN 20, that 52:54:00:00:00:01 is the address of what is plugged in there, and that the host boots from the network"
	if not.Error() != want {
		t.Errorf("\n got %s\nwant %s", not, want)
	}
}
