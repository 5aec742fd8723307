package bench

import (
	"fmt"
	"math"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/test/switches"
)

// portsEach is how many ports a switch of BenchmarkPlanGrowth has.
const portsEach = 50

// BenchmarkPlanGrowth is a plan without a change over 100 and 1000 ports, as
// ports of whole switches and as resources of their own.
func BenchmarkPlanGrowth(b *testing.B) {
	for kind, resources := range map[string]func(map[string]switches.Switch) map[string]any{
		"cthulix_switch": wholeSwitches, "cthulix_switch_port": singlePorts,
	} {
		b.Run(kind, func(b *testing.B) {
			few, many := growthWorkspace(b, 100, kind, resources), growthWorkspace(b, 1000, kind, resources)
			for b.Loop() {
				_, small := few.plan(10)
				r, large := many.plan(10)
				b.ReportMetric(r.took.Seconds(), "terraform-s")
				b.ReportMetric(r.used.CPU, "terraform-cpu-s")
				b.ReportMetric(float64(r.used.Memory)/1e6, "terraform-MB")
				b.ReportMetric(small.CPU, "cpu-s/100")
				b.ReportMetric(large.CPU, "cpu-s/1000")
				b.ReportMetric(float64(small.Memory)/1e6, "MB/100")
				b.ReportMetric(float64(large.Memory)/1e6, "MB/1000")
				b.ReportMetric(math.Log10(large.CPU/small.CPU), "exponent")
				b.ReportMetric(float64(large.Memory)/float64(small.Memory), "memory-ratio")
			}
		})
	}
}

func growthWorkspace(b *testing.B, ports int, kind string, resources func(map[string]switches.Switch) map[string]any) *workspace {
	b.Helper()
	fleet := startFleet(b, ports/portsEach, configured(racked(portsEach)))
	w := newWorkspace(b, hcl(b, providerConfig(b, fleet), map[string]map[string]any{kind: resources(fleet)}))
	w.apply()
	return w
}

func wholeSwitches(fleet map[string]switches.Switch) map[string]any {
	all := map[string]any{}
	for name := range fleet {
		all[name] = switchConfig(name, racked(portsEach))
	}
	return all
}

func singlePorts(fleet map[string]switches.Switch) map[string]any {
	all := map[string]any{}
	for name := range fleet {
		n := 0
		for port, p := range racked(portsEach).Ports {
			r := portConfig(p)
			r["switch"], r["port"] = name, port
			all[fmt.Sprintf("%s-%d", name, n)] = r
			n++
		}
	}
	return all
}
