package bench

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
	"github.com/cthulix/terraform-provider-cthulix/test/switches"
)

const (
	fleetSize  = 50
	fleetPorts = 48
)

// BenchmarkPlanNoChange plans 50 switches of 48 ports that are as they should
// be, ten at a time as Terraform does by itself, and all at once.
func BenchmarkPlanNoChange(b *testing.B) {
	for _, parallel := range []int{10, fleetSize} {
		b.Run(fmt.Sprintf("20ms-a-line/%d-at-a-time", parallel), func(b *testing.B) { planNoChange(b, parallel) })
	}
}

func planNoChange(b *testing.B, parallel int) {
	ctx := b.Context()
	want := racked(fleetPorts)
	fleet := startFleet(b, fleetSize, configured(want))
	config := providerConfig(b, fleet)
	resources := map[string]any{}
	for name := range fleet {
		resources[name] = switchConfig(name, want)
	}
	w := newWorkspace(b, hcl(b, config, map[string]map[string]any{"cthulix_switch": resources}))
	w.apply()
	states := adopt(b, config, resources)
	for _, s := range fleet {
		s.SetLatency(20*time.Millisecond, 0)
	}
	for b.Loop() {
		b.StopTimer()
		before := logins(fleet)
		begun, cpu := time.Now(), cpuTime()
		if err := planAll(ctx, config, states, parallel); err != nil {
			b.Fatal(err)
		}
		provider, providerCPU := time.Since(begun), cpuTime()-cpu
		oneEach(b, "the provider", before, logins(fleet))

		cpu = cpuTime()
		configs := readAll(b, fleet, parallel, "show running-config")
		configsCPU := cpuTime() - cpu
		reads := readAll(b, fleet, parallel, readingLines()...)

		before = logins(fleet)
		tf, used := w.plan(parallel)
		oneEach(b, "terraform plan", before, logins(fleet))
		b.StartTimer()
		b.ReportMetric(provider.Seconds(), "provider-s")
		b.ReportMetric(configs.Seconds(), "configs-s")
		b.ReportMetric(reads.Seconds(), "reads-s")
		b.ReportMetric(provider.Seconds()/configs.Seconds(), "provider/configs")
		b.ReportMetric(provider.Seconds()/reads.Seconds(), "provider/reads")
		b.ReportMetric(tf.took.Seconds(), "terraform-s")
		b.ReportMetric(tf.took.Seconds()/configs.Seconds(), "terraform/configs")
		// These two include the simulated switches, the next two are processes'.
		b.ReportMetric(providerCPU, "provider-call-cpu-s")
		b.ReportMetric(configsCPU, "configs-cpu-s")
		b.ReportMetric(used.CPU, "provider-cpu-s")
		b.ReportMetric(tf.used.CPU, "terraform-cpu-s")
	}
}

// startFleet serves switches that answer at once, with a startup configuration.
func startFleet(b *testing.B, n int, startup string) map[string]switches.Switch {
	b.Helper()
	fleet := map[string]switches.Switch{}
	for i := range n {
		name := fmt.Sprintf("leaf%02d", i)
		fleet[name] = switches.Start(b, iossim.Config{Hostname: name, Startup: "hostname " + name + "\n!\n" + startup, VTPMode: "transparent"})
	}
	return fleet
}

// adopt has a provider create what is there already.
func adopt(b *testing.B, config map[string]any, resources map[string]any) map[string]held {
	b.Helper()
	p, err := newPlugin(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	states := map[string]held{}
	for name, r := range resources {
		if states[name], err = p.create(b.Context(), "cthulix_switch", r.(map[string]any)); err != nil {
			b.Fatal(err)
		}
	}
	return states
}

// planAll makes a new provider plan all switches, so many at a time.
func planAll(ctx context.Context, config map[string]any, states map[string]held, parallel int) error {
	p, err := newPlugin(ctx, config)
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(parallel)
	for _, name := range slices.Sorted(maps.Keys(states)) {
		g.Go(func() error {
			if err := p.unchanged(ctx, "cthulix_switch", states[name]); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// readAll times scrapligo sending commands to all switches, so many at a time.
func readAll(b *testing.B, fleet map[string]switches.Switch, parallel int, commands ...string) time.Duration {
	b.Helper()
	begun := time.Now()
	var g errgroup.Group
	g.SetLimit(parallel)
	for name, s := range fleet {
		g.Go(func() error {
			d, err := scrapli(s.Target)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			defer d.Close()
			for _, line := range commands {
				r, err := d.SendCommand(line)
				if err != nil {
					return fmt.Errorf("%s: %s: %w", name, line, err)
				}
				if line == "show running-config" && !strings.HasSuffix(strings.TrimSpace(r.Result), "\nend") {
					return fmt.Errorf("%s: the configuration is cut off", name)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
	return time.Since(begun)
}

// readingLines are the show commands that it takes to read a switch.
func readingLines() []string {
	return []string{"show running-config", "show vlan brief", "show vtp status", "show version", "show interfaces GigabitEthernet1/0/49 switchport"}
}

func logins(fleet map[string]switches.Switch) map[string]int {
	n := map[string]int{}
	for name, s := range fleet {
		n[name] = s.Stats().Logins
	}
	return n
}

func oneEach(b *testing.B, who string, before, after map[string]int) {
	b.Helper()
	for name := range before {
		if n := after[name] - before[name]; n != 1 {
			b.Errorf("%s took %d sessions on %s, want one", who, n, name)
		}
	}
}
