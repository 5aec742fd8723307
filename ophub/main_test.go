package ophub_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/cthulix/terraform-provider-cthulix/engines"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// consul is the one server that all tests of the package share. Each test has
// a prefix and host names of its own.
var consul *engines.Consul

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute) // a first run builds Consul
	defer cancel()
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, "these tests need a Consul server:", err)
		return 1
	}
	binary, err := engines.Locate(ctx, "consul", engines.Options{})
	if err != nil {
		return fail(err)
	}
	dir, err := os.MkdirTemp("", "ophub")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir)
	consul, err = engines.StartConsul(ctx, engines.ConsulConfig{Binary: binary, DataDir: dir})
	if err != nil {
		return fail(err)
	}
	defer consul.Stop()
	return m.Run()
}

func newHub(t *testing.T) *ophub.Hub {
	t.Helper()
	hub, err := ophub.New(ophub.Config{Address: consul.Address, Prefix: strings.ToLower(t.Name())})
	if err != nil {
		t.Fatal(err)
	}
	return hub
}

// client is for what a test does behind the hub's back.
func client(t *testing.T) *api.Client {
	t.Helper()
	c, err := api.NewClient(&api.Config{Address: consul.Address})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// next takes values from a channel until one is right.
func next[T any](t *testing.T, ch <-chan T, d time.Duration, what string, right func(T) bool) T {
	t.Helper()
	timeout := time.After(d)
	var last T
	for {
		select {
		case v, ok := <-ch:
			if !ok {
				t.Fatalf("%s: the channel was closed; the last value was %+v", what, last)
			}
			if right(v) {
				return v
			}
			last = v
		case <-timeout:
			t.Fatalf("%s: not within %s; the last value was %+v", what, d, last)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var (
	imageA = keg.Sum([]byte("image a"))
	imageB = keg.Sum([]byte("image b"))
)
