package agentd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/server4"
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
	log     *bytes.Buffer
	cfg     Config
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, root: t.TempDir(), log: new(bytes.Buffer)}
	r.nomad = newNomadStub(t)
	r.op = newOpserverStub(t)
	r.records = newMemoryRecords()
	dhcp := newDHCPServer(t, time.Hour)
	r.os = &recordingOS{t: t, root: r.root, dhcp: dhcp, actions: make(chan Action, 1)}
	r.write("/proc/cmdline", "quiet cthulix.opserver="+r.op.url+" cthulix.image="+string(testImage)+" cthulix.host=node1 cthulix.mac="+testMAC)
	r.write("/proc/sys/kernel/random/boot_id", "11111111-2222-3333-4444-555555555555\n")
	r.write("/proc/meminfo", "MemTotal:        1019268 kB\nMemFree: 1 kB\n")
	r.write("/etc/cthulix/modules", "/lib/modules/x/virtio_net.ko\n")
	r.cfg = Config{
		OS: r.os, Version: "1.2.3", Root: r.root, NomadPort: freePorts(t),
		Retry: 5 * time.Millisecond, MaxRetry: 50 * time.Millisecond,
		Logger:  slog.New(NewConsole(&lockedWriter{w: r.log})),
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

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// recordingOS does nothing but write down what it was asked for, except for
// DHCP and children, which are real.
type recordingOS struct {
	t       *testing.T
	root    string
	dhcp    *dhcpServer
	actions chan Action

	mu     sync.Mutex
	calls  []string
	links  []Link
	fail   map[string]error
	noLink int // how often Links finds nothing at first
}

func (o *recordingOS) did(format string, args ...any) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	call := strings.ReplaceAll(fmt.Sprintf(format, args...), o.root, "")
	o.calls = append(o.calls, call)
	return o.fail[call]
}

func (o *recordingOS) log() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.calls)
}

func (o *recordingOS) Mount(m Mount) error             { return o.did("mount %s %s", m.Type, m.Target) }
func (o *recordingOS) LoadModule(path, _ string) error { return o.did("load %s", path) }
func (o *recordingOS) SetHostname(name string) error   { return o.did("hostname %s", name) }
func (o *recordingOS) Seed() error                     { return o.did("seed") }
func (o *recordingOS) OpenConsole() error              { return o.did("console") }
func (o *recordingOS) LinkUp(name string) error        { return o.did("up %s", name) }
func (o *recordingOS) Halt(a Action) error             { return o.did("halt %s", a) }

func (o *recordingOS) Links() ([]Link, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.noLink > 0 {
		o.noLink--
		return nil, nil
	}
	if o.links != nil {
		return o.links, nil
	}
	up := slices.Contains(o.calls, "up eth1")
	return []Link{{Name: "eth0", MAC: "52:54:00:aa:00:ff"}, {Name: "eth1", MAC: testMAC, Up: up}}, nil
}

func (o *recordingOS) Configure(link string, n Network) error {
	return o.did("configure %s %s via %s mtu %d", link, n.Address, n.Router, n.MTU)
}

func (o *recordingOS) DHCPConn(Link) (net.PacketConn, error) {
	if err := o.did("dhcp"); err != nil {
		return nil, err
	}
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &toServer{PacketConn: conn, server: o.dhcp.addr}, nil
}

func (o *recordingOS) Events(context.Context) <-chan Action { return o.actions }

func (o *recordingOS) Start(c Command) (Process, error) {
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Stdout, cmd.Stderr = c.Output, c.Output
	cmd.Env = c.Env
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &execProcess{cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

type execProcess struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func (p *execProcess) PID() int                   { return p.cmd.Process.Pid }
func (p *execProcess) Done() <-chan struct{}      { return p.done }
func (p *execProcess) Exit() string               { return p.cmd.ProcessState.String() }
func (p *execProcess) Signal(sig os.Signal) error { return p.cmd.Process.Signal(sig) }

// toServer sends every packet to the test's DHCP server, as a broadcast would.
type toServer struct {
	net.PacketConn
	server net.Addr
}

func (c *toServer) WriteTo(b []byte, _ net.Addr) (int, error) {
	return c.PacketConn.WriteTo(b, c.server)
}

// dhcpServer is a real server of one address.
type dhcpServer struct {
	addr net.Addr

	mu     sync.Mutex
	ip     net.IP
	term   time.Duration
	mute   bool
	refuse bool
	seen   []string
}

func newDHCPServer(t *testing.T, term time.Duration) *dhcpServer {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &dhcpServer{addr: conn.LocalAddr(), ip: net.IPv4(10, 20, 0, 11), term: term}
	s, err := server4.NewServer("", nil, d.handle, server4.WithConn(conn))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve()
	}()
	t.Cleanup(func() {
		s.Close()
		<-done
	})
	return d
}

func (d *dhcpServer) set(f func(*dhcpServer)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d)
}

func (d *dhcpServer) handle(conn net.PacketConn, peer net.Addr, m *dhcpv4.DHCPv4) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = append(d.seen, fmt.Sprintf("%s of %s, %s", m.MessageType(), m.HostName(), m.ClassIdentifier()))
	if d.mute {
		return
	}
	answer := dhcpv4.MessageTypeOffer
	if m.MessageType() == dhcpv4.MessageTypeRequest {
		answer = dhcpv4.MessageTypeAck
		if d.refuse {
			answer = dhcpv4.MessageTypeNak
			d.refuse = false
		}
	}
	server := net.IPv4(10, 20, 0, 1)
	reply, err := dhcpv4.NewReplyFromRequest(m,
		dhcpv4.WithMessageType(answer), dhcpv4.WithYourIP(d.ip), dhcpv4.WithServerIP(server),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(server)),
		dhcpv4.WithNetmask(net.CIDRMask(24, 32)), dhcpv4.WithRouter(server), dhcpv4.WithDNS(server, net.IPv4(10, 20, 0, 2)),
		dhcpv4.WithOption(dhcpv4.OptDomainName("lab.example")),
		dhcpv4.WithLeaseTime(uint32(d.term.Seconds())),
		dhcpv4.WithGeneric(dhcpv4.OptionInterfaceMTU, []byte{0x05, 0xdc}))
	if err != nil {
		panic(err)
	}
	_, _ = conn.WriteTo(reply.ToBytes(), peer)
}

// opserverStub speaks the part of the opserver's API that hosts use.
type opserverStub struct {
	url string

	mu       sync.Mutex
	blobs    map[keg.KID][]byte
	identity ophub.Identity
	refuse   []string // answers to give before the identity
	stages   []stageReport
	reported chan stageReport
}

func newOpserverStub(t *testing.T) *opserverStub {
	t.Helper()
	o := &opserverStub{blobs: map[keg.KID][]byte{}, reported: make(chan stageReport, 100)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/identity", o.serveIdentity)
	mux.HandleFunc("POST /v1/stage", o.takeStage)
	mux.HandleFunc("GET /keg/{kid}", func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		blob, ok := o.blobs[keg.KID(r.PathValue("kid"))]
		o.mu.Unlock()
		if !ok {
			http.Error(w, "no such blob", http.StatusNotFound)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(blob))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	o.url = s.URL
	o.identity = ophub.Identity{Host: "node1", Image: testImage, Consul: "http://127.0.0.1:1", Keg: s.URL}
	return o
}

func (o *opserverStub) serveIdentity(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r.URL.Query().Get("mac") != testMAC {
		http.Error(w, "not you", http.StatusForbidden)
		return
	}
	if len(o.refuse) > 0 {
		text := o.refuse[0]
		o.refuse = o.refuse[1:]
		http.Error(w, text, http.StatusServiceUnavailable)
		return
	}
	_ = json.NewEncoder(w).Encode(o.identity)
}

func (o *opserverStub) takeStage(_ http.ResponseWriter, r *http.Request) {
	var s stageReport
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		panic(err)
	}
	o.mu.Lock()
	o.stages = append(o.stages, s)
	o.mu.Unlock()
	o.reported <- s
}

func (o *opserverStub) change(f func(*ophub.Identity)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f(&o.identity)
}

func (o *opserverStub) put(b []byte) keg.KID {
	o.mu.Lock()
	defer o.mu.Unlock()
	kid := keg.Sum(b)
	o.blobs[kid] = b
	return kid
}

func (o *opserverStub) told() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []string
	for _, s := range o.stages {
		out = append(out, string(s.Stage)+": "+s.Detail)
	}
	return out
}

// awaitStage waits for a report whose detail contains a text.
func (o *opserverStub) awaitStage(t *testing.T, stage ophub.Stage, part string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case s := <-o.reported:
			if s.Stage == stage && strings.Contains(s.Detail, part) {
				return
			}
		case <-deadline:
			t.Fatalf("waited in vain for stage %q with %q; told were %q", stage, part, o.told())
		}
	}
}

// nomadStub is what Nomad's servers know of nodes, behind the stand-in client.
type nomadStub struct {
	host string

	mu     sync.Mutex
	cond   *sync.Cond
	index  uint64
	nodes  map[string]*stubNode
	posts  []string
	fails  map[string]chan string
	left   chan string
	closed bool
}

type stubNode struct {
	ID, Status, SchedulingEligibility string
	DrainStrategy                     *struct{ Deadline int }
	LastDrain                         *stubDrain
}

type stubDrain struct{ Meta map[string]string }

func newNomadStub(t *testing.T) *nomadStub {
	t.Helper()
	n := &nomadStub{index: 1, nodes: map[string]*stubNode{}, fails: map[string]chan string{}, left: make(chan string, 10)}
	n.cond = sync.NewCond(&n.mu)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/node/{id}", n.serveNode)
	mux.HandleFunc("POST /v1/node/{id}/{verb}", n.takeVerb)
	mux.HandleFunc("GET /fail/{id}", func(w http.ResponseWriter, r *http.Request) {
		select {
		case why := <-n.fail(r.PathValue("id")):
			fmt.Fprintln(w, why)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /left/{id}", func(_ http.ResponseWriter, r *http.Request) { n.left <- r.PathValue("id") })
	s := httptest.NewServer(mux)
	t.Cleanup(func() {
		n.set(func() { n.closed = true })
		s.CloseClientConnections()
		s.Close()
	})
	n.host = strings.TrimPrefix(s.URL, "http://")
	return n
}

func (n *nomadStub) set(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
	n.index++
	n.cond.Broadcast()
}

// ready makes the servers see a node, as an operator or a drain left it.
func (n *nomadStub) ready(id string, change func(*stubNode)) {
	n.set(func() {
		node := &stubNode{ID: id, Status: "ready", SchedulingEligibility: "eligible"}
		if change != nil {
			change(node)
		}
		n.nodes[id] = node
	})
}

func (n *nomadStub) fail(id string) chan string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fails[id] == nil {
		n.fails[id] = make(chan string)
	}
	return n.fails[id]
}

func (n *nomadStub) asked() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.posts)
}

func (n *nomadStub) serveNode(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	stop := context.AfterFunc(r.Context(), n.cond.Broadcast)
	defer stop()
	for fmt.Sprint(n.index) == r.URL.Query().Get("index") && !n.closed && r.Context().Err() == nil {
		n.cond.Wait()
	}
	node := n.nodes[r.PathValue("id")]
	if node == nil {
		http.Error(w, "node not found", http.StatusNotFound)
		return
	}
	w.Header().Set("X-Nomad-Index", fmt.Sprint(n.index))
	_ = json.NewEncoder(w).Encode(node)
}

func (n *nomadStub) takeVerb(_ http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	n.set(func() {
		n.posts = append(n.posts, r.PathValue("verb")+" "+string(b))
		n.nodes[r.PathValue("id")].SchedulingEligibility = "eligible"
	})
}

// memoryRecords are the ophub's records of one host.
type memoryRecords struct {
	updates chan ophub.Agent
	views   chan ophub.View
	closed  chan struct{}

	mu    sync.Mutex
	ttl   time.Duration
	fails int
}

func newMemoryRecords() *memoryRecords {
	return &memoryRecords{updates: make(chan ophub.Agent, 1000), views: make(chan ophub.View), closed: make(chan struct{})}
}

func (m *memoryRecords) Register(_ context.Context, a ophub.Agent, ttl time.Duration) (Registration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails > 0 {
		m.fails--
		return nil, fmt.Errorf("no leader")
	}
	m.ttl = ttl
	m.updates <- a
	return m, nil
}

func (m *memoryRecords) WatchHost(context.Context, string) <-chan ophub.View { return m.views }

func (m *memoryRecords) Update(_ context.Context, a ophub.Agent) error {
	m.updates <- a
	return nil
}

func (m *memoryRecords) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

func (m *memoryRecords) Close(context.Context) error {
	close(m.closed)
	return nil
}
