package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bougou/go-ipmi/pkg/client"
	"github.com/bougou/go-ipmi/pkg/types"
	"golang.org/x/sync/errgroup"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

const (
	bmcUser     = "admin"
	bmcPassword = "benchpassword"
	// bmcAtOnce is how many BMCs package ipmi and go-ipmi ask at once; ipmipower decides for itself.
	bmcAtOnce = 128
	// bmcRounds is how often each party has its turn; its best counts.
	bmcRounds = 3
)

// rack is many of the lab's BMCs.
type rack struct {
	addresses []*net.UDPAddr
	machines  []*machine.Memory
}

func newRack(b *testing.B, n int) *rack {
	b.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var served sync.WaitGroup
	b.Cleanup(func() { stop(); served.Wait() })
	r := &rack{}
	for i := range n {
		conn, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		m := &machine.Memory{}
		served.Go(func() {
			if err := bmc.Serve(ctx, conn, bmc.Config{Name: fmt.Sprintf("node%d", i), Username: bmcUser, Password: bmcPassword}, m); err != nil {
				b.Error(err)
			}
		})
		r.addresses, r.machines = append(r.addresses, conn.LocalAddr().(*net.UDPAddr)), append(r.machines, m)
	}
	return r
}

// powered counts the machines that are on.
func (r *rack) powered() (n int) {
	for _, m := range r.machines {
		if m.Powered() {
			n++
		}
	}
	return n
}

// off cuts the power of all machines, behind their BMCs' backs.
func (r *rack) off(b *testing.B) {
	b.Helper()
	for _, m := range r.machines {
		if err := m.PowerOff(context.Background(), true); err != nil {
			b.Fatal(err)
		}
	}
}

// each does something with every BMC, many at once.
func (r *rack) each(b *testing.B, do func(ctx context.Context, at *net.UDPAddr) error) {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(bmcAtOnce)
	for _, at := range r.addresses {
		group.Go(func() error { return do(ctx, at) })
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}

// sockets counts what is open at once.
type sockets struct{ open, most atomic.Int64 }

type countedConn struct {
	net.Conn
	count *sockets
}

func (c countedConn) Close() error {
	c.count.open.Add(-1)
	return c.Conn.Close()
}

func (s *sockets) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	for now := s.open.Add(1); ; {
		if most := s.most.Load(); now <= most || s.most.CompareAndSwap(most, now) {
			return countedConn{conn, s}, nil
		}
	}
}

// ours does something with package ipmi.
func (r *rack) ours(b *testing.B, count *sockets, do func(context.Context, *ipmi.BMC) error) {
	pool := ipmi.NewPool()
	r.each(b, func(ctx context.Context, at *net.UDPAddr) error {
		return do(ctx, pool.Get(ipmi.Target{
			Address: at.String(), Username: bmcUser, Password: bmcPassword, CipherSuites: []int{3},
			PollInterval: 20 * time.Millisecond, Dial: count.dial,
		}))
	})
}

// bare reads power states with go-ipmi's client and nothing around it.
func (r *rack) bare(b *testing.B) {
	r.each(b, func(ctx context.Context, at *net.UDPAddr) error {
		c, err := client.NewClient(at.IP.String(), at.Port, bmcUser, bmcPassword)
		if err != nil {
			return err
		}
		c.WithCipherSuiteID(types.CipherSuiteID3).WithTimeout(ipmi.DefaultTimeout)
		if err := c.Connect(ctx); err != nil {
			return err
		}
		_, err = c.GetChassisStatus(ctx)
		return errors.Join(err, c.Close(ctx))
	})
}

// ipmipowerHosts is how many BMCs one ipmipower is given: of a thousand it has too many open, and on a busy machine it
// gives up altogether.
const ipmipowerHosts = 250

// ipmipower runs as many of FreeIPMI's as it takes, side by side. They have to say want of the BMCs; of how many they
// did not is returned, for a busy machine makes them give some up.
func (r *rack) ipmipower(b *testing.B, want string, args ...string) (missed int) {
	b.Helper()
	path, err := exec.LookPath("ipmipower")
	if err != nil {
		b.Fatal("this benchmark needs ipmipower: apt-get install --no-install-recommends freeipmi-tools")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	hosts := make([]string, len(r.addresses))
	for i, at := range r.addresses {
		hosts[i] = at.String()
	}
	var running sync.WaitGroup
	var said atomic.Int64
	for some := range slices.Chunk(hosts, ipmipowerHosts) {
		running.Go(func() {
			cmd := exec.CommandContext(ctx, path, append([]string{
				"-D", "LAN_2_0", "-I", "3", "-l", "ADMIN", "-u", bmcUser, "-p", bmcPassword, "-h", strings.Join(some, ","),
				// By default it sends again after 400 ms, and ends on the second answer to one request.
				"--retransmission-timeout=10000", "--session-timeout=60000",
			}, args...)...)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Run(); err != nil {
				b.Logf("ipmipower: %v: %.200s", err, out.String())
			}
			said.Add(int64(strings.Count(out.String(), want)))
		})
	}
	running.Wait()
	if missed = len(hosts) - int(said.Load()); missed > len(hosts)/2 {
		b.Fatalf("ipmipower said %q of %d of %d BMCs", want, said.Load(), len(hosts))
	}
	return missed
}

// best is the shortest of several rounds, and what was allocated in it, in bytes.
type best struct {
	took      time.Duration
	allocated uint64
}

func (t *best) run(f func()) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	f()
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	if t.took == 0 || took < t.took {
		t.took, t.allocated = took, after.TotalAlloc-before.TotalAlloc
	}
}

func (t *best) milliseconds() float64 { return float64(t.took.Microseconds()) / 1000 }

func ratio(a, b best) float64 { return float64(a.took) / float64(b.took) }

// BenchmarkBMCPower reads the power state of 1000 BMCs: log in, ask, log out, against FreeIPMI's ipmipower and against
// go-ipmi's client with nothing around it. The BMCs are in this process, so what is allocated is theirs, too.
func BenchmarkBMCPower(b *testing.B) {
	const n = 1000
	r := newRack(b, n)
	var ours, bare, theirs best
	var count sockets
	missed := 0
	for b.Loop() {
		for range bmcRounds {
			ours.run(func() {
				r.ours(b, &count, func(ctx context.Context, node *ipmi.BMC) error { _, err := node.Power(ctx); return err })
			})
			bare.run(func() { r.bare(b) })
			theirs.run(func() { missed += r.ipmipower(b, ": off", "--stat") })
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ours.milliseconds(), "ms")
	b.ReportMetric(theirs.milliseconds(), "ipmipower-ms")
	b.ReportMetric(float64(missed), "ipmipower-missed")
	b.ReportMetric(bare.milliseconds(), "go-ipmi-ms")
	b.ReportMetric(ratio(ours, theirs), "x-ipmipower")
	b.ReportMetric(ratio(ours, bare), "x-go-ipmi")
	b.ReportMetric(float64(count.most.Load()), "sockets")
	b.ReportMetric(float64(ours.allocated)/n/1024, "KiB/BMC")
	b.ReportMetric(float64(bare.allocated)/n/1024, "go-ipmi-KiB/BMC")
}

// BenchmarkBMCPowerOn switches 100 machines on and waits until their BMCs say so, against ipmipower.
func BenchmarkBMCPowerOn(b *testing.B) {
	const n = 100
	r := newRack(b, n)
	var ours, theirs best
	var count sockets
	for b.Loop() {
		for range bmcRounds {
			r.off(b)
			ours.run(func() {
				r.ours(b, &count, func(ctx context.Context, node *ipmi.BMC) error { return node.PowerOn(ctx) })
			})
			if got := r.powered(); got != n {
				b.Fatalf("we switched %d of %d on", got, n)
			}
			r.off(b)
			theirs.run(func() { r.ipmipower(b, ": ok", "--on", "--wait-until-on") })
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ours.milliseconds(), "ms")
	b.ReportMetric(theirs.milliseconds(), "ipmipower-ms")
	b.ReportMetric(ratio(ours, theirs), "x-ipmipower")
	b.ReportMetric(float64(count.most.Load()), "sockets")
}
