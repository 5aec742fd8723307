package twin

import (
	"fmt"
	mrand "math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestProperty: for random pairs of a state A and a wish B, on every model, the
// planned commands lead from A to B on what B names and touch nothing else,
// planning again is empty, and the inverse leads back to A. A is a text that no
// planner of ours wrote. The switch is driven at the console, so that many
// thousand pairs fit into a run; a failure is shrunk before it is told.
//
// TWIN_SEED repeats a run and TWIN_PAIR one pair of it; TWIN_PROPERTY_PAIRS sets
// the length, and TWIN_FAILURES how many failures end it.
func TestProperty(t *testing.T) {
	t.Parallel()
	seed, pairs, first, most := uint64(time.Now().UnixNano()), 1000, 0, 1
	if s := os.Getenv("TWIN_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	if s := os.Getenv("TWIN_PROPERTY_PAIRS"); s != "" {
		pairs, _ = strconv.Atoi(s)
	}
	if s := os.Getenv("TWIN_FAILURES"); s != "" {
		most, _ = strconv.Atoi(s)
	}
	if s := os.Getenv("TWIN_PAIR"); s != "" {
		first, _ = strconv.Atoi(s)
		pairs = 1
	}
	t.Logf("TWIN_SEED=%d, %d pairs", seed, pairs)
	ms, err := models()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var failures atomic.Int32
	seen := &tally{lines: map[string]int{}, refusals: map[string]int{}}
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := first + w; i < first+pairs && int(failures.Load()) < most; i += workers {
				p := newPair(ms[i%len(ms)], mrand.New(mrand.NewPCG(seed, uint64(i))))
				out, err := p.try(mended)
				if err != nil {
					failures.Add(1)
					small, err := p.shrink(err)
					again, _ := small.try(asIs)
					t.Errorf("%v\n%s\ncommands:\n  %s\ninverse:\n  %s\nagain: TWIN_SEED=%d TWIN_PAIR=%d go test -run '^TestProperty$' ./test/twin",
						err, small, strings.Join(again.change.Commands, "\n  "), strings.Join(again.change.Rollback, "\n  "), seed, i)
					continue
				}
				seen.add(out)
			}
		})
	}
	wg.Wait()
	t.Log(seen)
	if pairs >= enough && !t.Failed() {
		seen.check(t, pairs)
	}
}

// enough is how many pairs have all kinds of lines in them, whatever the seed.
const enough = 10_000

// newPair is the pair that some dice throw.
func newPair(m model, r *mrand.Rand) pair {
	d := &dice{Rand: r, model: m, protocol: map[int][]string{}}
	p := pair{model: m, captured: d.chance(60), mode: pairMode(d.IntN(int(pairModes)))}
	d.vtp = d.pick("server", "server", "transparent", "transparent", "off", "client")
	p.vtp, p.stp = d.vtp, d.pick("rapid-pvst", "pvst")
	p.state(d)
	if d.chance(25) {
		via := d.wish()
		p.via = &via
	}
	p.b = d.wish()
	return p
}

// tally counts what the pairs were made of.
type tally struct {
	mu              sync.Mutex
	changes, refuse int
	lines, refusals map[string]int
}

func (s *tally) add(t trial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !t.change.Empty() {
		s.changes++
	}
	if len(t.refusals) > 0 {
		s.refuse++
	}
	kinds := map[string]bool{}
	for _, l := range t.change.Commands {
		kinds[kindOf(l)] = true
	}
	for k := range kinds {
		s.lines[k]++
	}
	kinds = map[string]bool{}
	for _, r := range t.refusals {
		kinds[strings.Join(strings.Fields(digits.Replace(r)), " ")] = true
	}
	for k := range kinds {
		s.refusals[k]++
	}
}

// digits makes one of what differs in numbers alone.
var digits = strings.NewReplacer("0", "", "1", "", "2", "", "3", "", "4", "", "5", "", "6", "", "7", "", "8", "", "9", "", "/", "")

// kindOf is what a line is about.
func kindOf(line string) string {
	for _, k := range kinds {
		if strings.HasPrefix(line, k) {
			return k
		}
	}
	words := strings.Fields(line)
	return strings.Join(words[:min(2, len(words))], " ")
}

// kinds are lines that must occur in a run, or the generator is to blame.
var kinds = []string{
	"no interface Port-channel", "no interface Vlan", "no interface port-channel", "interface Port-channel", "interface port-channel", "interface Vlan",
	"no vlan ", "vlan ", "name ", "no name", "state suspend", "state active", "shutdown", "no shutdown", "description", "no description",
	"switchport access", "switchport mode trunk", "switchport mode access", "switchport mode dynamic", "no switchport mode",
	"switchport trunk allowed vlan add", "switchport trunk allowed vlan remove", "switchport trunk allowed vlan none", "switchport trunk allowed vlan all", "switchport trunk allowed",
	"switchport trunk native", "no switchport trunk native", "switchport trunk encapsulation", "switchport nonegotiate", "no switchport nonegotiate", "switchport voice", "no switchport voice",
	"switchport port-security maximum", "switchport port-security violation", "switchport port-security mac", "no switchport port-security",
	"channel-group", "no channel-group", "storm-control broadcast", "storm-control multicast", "storm-control unicast", "storm-control action", "no storm-control",
	"ip dhcp snooping trust", "no ip dhcp snooping trust", "ip dhcp snooping vlan", "no ip dhcp snooping vlan", "lldp run", "no lldp run", "cdp run", "no cdp run",
	"lldp transmit", "no lldp transmit", "lldp receive", "no lldp receive", "cdp enable", "no cdp enable", "power inline", "speed", "no speed", "duplex", "no duplex", "mtu", "no mtu",
	"system mtu", "no system mtu", "ip default-gateway", "no ip default-gateway", "spanning-tree mode", "spanning-tree vlan", "no spanning-tree vlan",
	"spanning-tree portfast", "no spanning-tree portfast", "spanning-tree port type", "no spanning-tree port type", "spanning-tree bpduguard", "no spanning-tree bpduguard",
	"spanning-tree guard", "no spanning-tree guard", "ip address", "no ip address", "ip helper-address", "no ip helper-address", "feature lacp", "feature lldp", "no feature lldp", "system jumbomtu", "no system jumbomtu",
}

func (s *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d pairs had a change; parts of the wish were refused in %d\n", s.changes, s.refuse)
	for _, m := range []map[string]int{s.lines, s.refusals} {
		var rows []string
		for k, n := range m {
			rows = append(rows, fmt.Sprintf("%6d %s", n, k))
		}
		slices.SortFunc(rows, func(a, b string) int { return strings.Compare(b, a) })
		b.WriteString(strings.Join(rows, "\n") + "\n\n")
	}
	return b.String()
}

// check finds what the pairs did not have in them.
func (s *tally) check(t *testing.T, pairs int) {
	for _, k := range kinds {
		if s.lines[k] == 0 {
			t.Errorf("no pair had a line %q: the generator is to blame", k)
		}
	}
	if s.changes < pairs*8/10 {
		t.Errorf("%d of %d pairs had a change", s.changes, pairs)
	}
}
