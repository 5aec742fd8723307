package provider_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/engines"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// pool is the node pool of the Nomad client that tests run gridapps on.
const pool = "acctest"

// The engines are started when the first test needs them, and serve all.
var (
	consul = sync.OnceValues(startConsul)
	nomad  = sync.OnceValues(startNomad)

	stopsMu sync.Mutex
	stops   []func()
	runDir  string
)

func TestMain(m *testing.M) {
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runTests(m *testing.M) (code int, err error) {
	if runDir, err = os.MkdirTemp("", "cthulix-provider-"); err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(runDir) }()
	code = m.Run()
	for i := len(stops) - 1; i >= 0; i-- {
		stops[i]()
	}
	return code, nil
}

func stopLater(stop func()) {
	stopsMu.Lock()
	defer stopsMu.Unlock()
	stops = append(stops, stop)
}

func locate(name string) (context.Context, context.CancelFunc, string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Minute)
	binary, err := engines.Locate(ctx, name, engines.Options{Progress: func(p engines.Progress) {
		fmt.Fprintf(os.Stderr, "%s: %s %s (%s)\n", p.Engine, p.Stage, p.Detail, p.Elapsed.Round(time.Second))
	}})
	return ctx, cancel, binary, err
}

func startConsul() (*engines.Consul, error) {
	ctx, cancel, binary, err := locate("consul")
	defer cancel()
	if err != nil {
		return nil, err
	}
	c, err := engines.StartConsul(ctx, engines.ConsulConfig{Binary: binary, DataDir: runDir + "/consul"})
	if err == nil {
		stopLater(c.Stop)
	}
	return c, err
}

func startNomad() (*engines.Nomad, error) {
	ctx, cancel, binary, err := locate("nomad")
	defer cancel()
	if err != nil {
		return nil, err
	}
	n, err := engines.StartNomad(ctx, engines.NomadConfig{Binary: binary, DataDir: runDir + "/nomad", Client: true, NodePool: pool})
	if err == nil {
		stopLater(n.Stop)
	}
	return n, err
}

// withOphub lets the provider use real records.
func (w *world) withOphub() *ophub.Hub {
	w.t.Helper()
	c, err := consul()
	if err != nil {
		w.t.Fatal(err)
	}
	hub, err := ophub.New(ophub.Config{Address: c.Address})
	if err != nil {
		w.t.Fatal(err)
	}
	if block := fmt.Sprintf("ophub = { address = %q }", c.Address); !slices.Contains(w.blocks, block) {
		w.blocks = append(w.blocks, block)
	}
	return hub
}

// withNomad lets the provider use a real Nomad.
func (w *world) withNomad() *engines.Nomad {
	w.t.Helper()
	n, err := nomad()
	if err != nil {
		w.t.Fatal(err)
	}
	w.blocks = append(w.blocks, fmt.Sprintf("nomad = { address = %q }", n.Address))
	return n
}
