package agentd

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	testMAC  = "52:54:00:aa:00:01"
	patience = 30 * time.Second
)

// rig is everything around an agent: an OS that records, a real DHCP server, a
// real HTTP server for the opserver and the keg, one for Nomad's servers, and
// records in memory.
type rig struct {
	t       *testing.T
	root    string
	os      *recordingOS
	op      *opserverStub
	nomad   *nomadStub
	records *memoryRecords
	log     *consoleText
	cfg     Config
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, root: t.TempDir(), log: &consoleText{more: make(chan struct{}, 1)}}
	r.nomad = newNomadStub(t)
	r.op = newOpserverStub(t)
	r.records = newMemoryRecords()
	dhcp := newDHCPServer(t, time.Hour)
	r.os = &recordingOS{t: t, root: r.root, dhcp: dhcp, actions: make(chan Action, 1), cables: make(chan cableEnd, 10), moved: make(chan struct{}, 1), zeroes: make(chan struct{})}
	r.write("/proc/cmdline", "quiet cthulix.opserver="+r.op.url+" cthulix.image="+string(testImage)+" cthulix.host=node1 cthulix.mac="+testMAC)
	r.write("/proc/sys/kernel/random/boot_id", "11111111-2222-3333-4444-555555555555\n")
	r.write("/proc/meminfo", "MemTotal:        1019268 kB\nMemFree: 1 kB\n")
	r.write("/etc/cthulix/modules", "/lib/modules/x/virtio_net.ko\n")
	r.cfg = Config{
		OS: r.os, Version: "1.2.3", Root: r.root, NomadPort: freePorts(t),
		Retry: 5 * time.Millisecond, MaxRetry: 50 * time.Millisecond,
		Logger:  slog.New(NewConsole(r.log)),
		Records: func(string) (Records, error) { return r.records, nil },
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the console:\n%s", r.log)
		}
	})
	return r
}

func (r *rig) write(path, text string) {
	r.t.Helper()
	path = filepath.Join(r.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) read(path string) string {
	r.t.Helper()
	b, err := os.ReadFile(filepath.Join(r.root, path))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(b)
}

// attach makes the opserver name a kernel, whose client is the stand-in.
func (r *rig) attach(name string) ophub.Attachment {
	r.t.Helper()
	script := fmt.Sprintf("#!/bin/sh\nexec %q stand-in-nomad \"$@\"\n", os.Args[0])
	at := ophub.Attachment{
		Name: name, Namespace: name, NodePool: name, NomadServers: []string{r.nomad.host},
		Release: r.op.put(zstdOf(r.t, script)), ReleaseFormat: ophub.FormatZstd,
		ClientID: uuidOf("client " + name), SecretID: uuidOf("secret " + name),
	}
	r.op.change(func(id *ophub.Identity) { id.Kernels = append(id.Kernels, at) })
	return at
}

// run runs the agent until the test ends it.
func (r *rig) run() (wait func() (Action, error)) {
	type result struct {
		action Action
		err    error
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan result, 1)
	go func() {
		action, err := Run(ctx, r.cfg)
		done <- result{action, err}
		close(done)
	}()
	r.t.Cleanup(func() {
		cancel()
		select {
		case <-done:
		case <-time.After(patience):
			r.t.Error("the agent does not end")
		}
	})
	return func() (Action, error) {
		select {
		case res := <-done:
			return res.action, res.err
		case <-time.After(patience):
			r.t.Fatal("the agent did not end")
			return None, nil
		}
	}
}

// await waits until the live record is as wanted.
func (r *rig) await(what string, ok func(ophub.Agent) bool) ophub.Agent {
	r.t.Helper()
	deadline := time.After(patience)
	var last ophub.Agent
	for {
		select {
		case last = <-r.records.updates:
			if ok(last) {
				return last
			}
		case <-deadline:
			r.t.Fatalf("waited in vain for %s; the last record is %+v", what, last)
		}
	}
}

var testImage = keg.Sum([]byte("an image"))

func uuidOf(s string) string {
	h := strings.TrimPrefix(string(keg.Sum([]byte(s))), "K-")
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:32]}, "-")
}

func zstdOf(t *testing.T, s string) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll([]byte(s), nil)
}

// freePorts finds a base below the ports that the kernel hands out, where
// nothing listens on the ports that the first kernels of a host would get.
func freePorts(t *testing.T) int {
	t.Helper()
	for range 200 {
		base := 10000 + 40*rand.IntN(500)
		if free(base) && free(base+10) && free(base+20) {
			return base
		}
	}
	t.Fatal("found no free ports for Nomad clients")
	return 0
}

func free(port int) bool {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// consoleText is what the agent has printed, and tells when there is more.
type consoleText struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (c *consoleText) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	nudge(c.more)
	return c.text.Write(p)
}

func (c *consoleText) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// awaitConsole waits until the console shows a text.
func (r *rig) awaitConsole(text string) {
	r.t.Helper()
	deadline := time.After(patience)
	for !strings.Contains(r.log.String(), text) {
		select {
		case <-r.log.more:
		case <-deadline:
			r.t.Fatalf("the console never showed %q", text)
		}
	}
}
