package bench

import (
	"os"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/images"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// BenchmarkImageBuild builds the demo's image twice: with nothing but the
// downloaded packages, and with the layers of the first build.
func BenchmarkImageBuild(b *testing.B) {
	agentd := os.Getenv("CTHULIX_AGENTD")
	if agentd == "" {
		b.Fatal("CTHULIX_AGENTD is not set: run `make bench`")
	}
	recipe := images.Recipe{Name: "lpd", Agentd: agentd}
	recipe.Linux.Flavour = "cloud"
	build := func(cache string) (images.Manifest, time.Duration) {
		store, err := keg.OpenDir(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		begun := time.Now()
		m, _, err := images.Build(b.Context(), recipe, images.BuildOptions{Cache: cache, Keg: store})
		if err != nil {
			b.Fatal(err)
		}
		return m, time.Since(begun)
	}
	for b.Loop() {
		cache := b.TempDir()
		_, first := build(cache)
		m, again := build(cache)
		b.ReportMetric(first.Seconds(), "first-s") // downloads included
		b.ReportMetric(again.Seconds(), "again-s")
		b.ReportMetric(again.Seconds()/first.Seconds(), "again/first")
		b.ReportMetric(float64(m.Size)/1e6, "MB")
	}
}
