package bench

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/scrapli/scrapligo/driver/network"
	"github.com/scrapli/scrapligo/driver/options"
	"github.com/scrapli/scrapligo/platform"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
	"github.com/cthulix/terraform-provider-cthulix/test/switches"
)

// BenchmarkSwitchApply is 4 VLANs and 48 ports on a blank switch: log in, read,
// plan, arm a way back, apply, read back over a new session, verify and save,
// against bare scrapligo that only sends the same lines and saves.
func BenchmarkSwitchApply(b *testing.B) {
	for name, latency := range map[string]time.Duration{"at-once": 0, "20ms-a-line": 20 * time.Millisecond} {
		b.Run(name, func(b *testing.B) { switchApply(b, latency) })
	}
}

func switchApply(b *testing.B, latency time.Duration) {
	want := racked(48)
	for b.Loop() {
		b.StopTimer()
		ours, peer := startSwitch(b, latency), startSwitch(b, latency)
		b.StartTimer()
		begun := time.Now()
		_, change, err := ios.Converge(b.Context(), ours.Target, want, ios.ConvergeOptions{Save: true})
		took := time.Since(begun)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if n := ours.Stats().Logins; n > 2 {
			b.Errorf("the apply took %d sessions, want two", n)
		}
		floor := bare(b, peer.Target, change.Commands)
		b.StartTimer()
		b.ReportMetric(float64(len(change.Commands)), "lines")
		b.ReportMetric(float64(ours.Stats().Logins), "sessions")
		b.ReportMetric(floor.Seconds(), "scrapligo-s")
		b.ReportMetric(took.Seconds(), "cthulix-s")
		b.ReportMetric(took.Seconds()/floor.Seconds(), "ratio")
	}
}

// racked is what the switches of these benchmarks should be: 4 VLANs, and so many
// ports for hosts.
func racked(ports int) fabric.Want {
	want := fabric.Want{VLANs: map[int]fabric.VLAN{}, Ports: map[string]fabric.Port{}}
	for id := 10; id < 50; id += 10 {
		want.VLANs[id] = fabric.VLAN{ID: id, Name: fmt.Sprintf("net%d", id)}
	}
	for i := 1; i <= ports; i++ {
		name := fmt.Sprintf("GigabitEthernet1/0/%d", i)
		want.Ports[name] = fabric.Port{
			Name: name, Mode: fabric.ModeAccess, AccessVLAN: 10 + 10*(i%4), Description: fmt.Sprintf("host%d", i), PortFast: true,
		}
	}
	return want
}

func startSwitch(b *testing.B, latency time.Duration) switches.Switch {
	b.Helper()
	return switches.Start(b, iossim.Config{Hostname: "leaf1", Latency: latency})
}

// bare times scrapligo as its documentation uses it, sending lines.
func bare(b *testing.B, t fabric.Target, lines []string) time.Duration {
	b.Helper()
	begun := time.Now()
	d, err := scrapli(t)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	send(b, d, lines)
	return time.Since(begun)
}

// scrapli opens a session.
func scrapli(t fabric.Target) (*network.Driver, error) {
	host, port, _ := strings.Cut(t.Address, ":")
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	p, err := platform.NewPlatform("cisco_iosxe", host,
		options.WithPort(number), options.WithAuthNoStrictKey(), options.WithTransportType("standard"),
		options.WithAuthUsername(t.Username), options.WithAuthPassword(t.Password), options.WithAuthSecondary(t.EnablePassword))
	if err != nil {
		return nil, err
	}
	d, err := p.GetNetworkDriver()
	if err != nil {
		return nil, err
	}
	return d, d.Open()
}

func send(b *testing.B, d *network.Driver, lines []string) {
	b.Helper()
	answers, err := d.SendConfigs(lines)
	if err != nil {
		b.Fatal(err)
	}
	if answers.Failed != nil {
		b.Fatal(answers.Failed)
	}
	if _, err := d.SendCommand("write memory"); err != nil {
		b.Fatal(err)
	}
}
