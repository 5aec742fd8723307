// Package bench measures Cthulix against a peer or a floor in the same run.
// `make bench` prints it; the figures that count are the ratios.
package bench

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/scrapli/scrapligo/driver/network"
	"github.com/scrapli/scrapligo/driver/options"
	"github.com/scrapli/scrapligo/platform"
	"golang.org/x/crypto/ssh"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
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
	want := fabric.Want{VLANs: map[int]fabric.VLAN{}, Ports: map[string]fabric.Port{}}
	for id := 10; id < 50; id += 10 {
		want.VLANs[id] = fabric.VLAN{ID: id, Name: fmt.Sprintf("net%d", id)}
	}
	for i := 1; i <= 48; i++ {
		name := fmt.Sprintf("GigabitEthernet1/0/%d", i)
		want.Ports[name] = fabric.Port{
			Name: name, Mode: fabric.ModeAccess, AccessVLAN: 10 + 10*(i%4), Description: fmt.Sprintf("host%d", i), PortFast: true,
		}
	}
	for b.Loop() {
		b.StopTimer()
		ours, peer := startSwitch(b, latency), startSwitch(b, latency)
		b.StartTimer()
		begun := time.Now()
		_, change, err := ios.Converge(b.Context(), ours, want, ios.ConvergeOptions{Save: true})
		took := time.Since(begun)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		floor := bare(b, peer, change.Commands)
		b.StartTimer()
		b.ReportMetric(float64(len(change.Commands)), "lines")
		b.ReportMetric(floor.Seconds(), "scrapligo-s")
		b.ReportMetric(took.Seconds(), "cthulix-s")
		b.ReportMetric(took.Seconds()/floor.Seconds(), "ratio")
	}
}

// bare times scrapligo as its documentation uses it.
func bare(b *testing.B, t fabric.Target, lines []string) time.Duration {
	b.Helper()
	host, port, _ := strings.Cut(t.Address, ":")
	var number int
	fmt.Sscan(port, &number)
	p, err := platform.NewPlatform("cisco_iosxe", host,
		options.WithPort(number), options.WithAuthNoStrictKey(), options.WithTransportType("standard"),
		options.WithAuthUsername(t.Username), options.WithAuthPassword(t.Password), options.WithAuthSecondary(t.EnablePassword))
	if err != nil {
		b.Fatal(err)
	}
	begun := time.Now()
	d, err := p.GetNetworkDriver()
	if err != nil {
		b.Fatal(err)
	}
	if err := d.Open(); err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	send(b, d, lines)
	took := time.Since(begun)
	return took
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

func startSwitch(b *testing.B, latency time.Duration) fabric.Target {
	b.Helper()
	sim, err := iossim.New(iossim.Config{Hostname: "leaf1", Users: map[string]string{"admin": "pw"}, EnableSecret: "enable"})
	if err != nil {
		b.Fatal(err)
	}
	sim.SetLatency(latency, 0)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	go sim.Serve(ctx, l, signer)
	return fabric.Target{
		Name: "leaf1", Address: l.Addr().String(), Username: "admin", Password: "pw", EnablePassword: "enable",
		HostKey: ssh.FingerprintSHA256(signer.PublicKey()),
	}
}
