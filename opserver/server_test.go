package opserver

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/images"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	mac1 = "52:54:00:00:00:01"
	mac2 = "52:54:00:00:00:02"
	mac9 = "52:54:00:00:00:09" // on no record
)

var undionly = bytes.Repeat([]byte("undionly"), 9001)

// site is a server under test with everything around it. All of 127.0.0.0/8 is the machine's own, so that a client
// can speak from the very address that DHCP gave to it.
type site struct {
	*Server
	t       testing.TB
	ether   *ether
	records *memRecords
	keg     *keg.Dir
	image   keg.KID
	linux   []byte
	initrd  []byte
	log     *logBuffer
	stop    func()
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func put(t testing.TB, store keg.Store, data []byte) keg.KID {
	t.Helper()
	kid, _, err := store.Put(context.Background(), bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return kid
}

// newSite makes a site with hosts node1 (mac1) and node2 (mac2), which is not served yet.
func newSite(t testing.TB, edit ...func(*Config)) *site {
	t.Helper()
	store, err := keg.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, keg: store, ether: newEther(), log: &logBuffer{}}
	s.linux, s.initrd = bytes.Repeat([]byte("linux"), 40_000), bytes.Repeat([]byte("initrd"), 9_000)
	manifest := images.Manifest{
		Format: images.ManifestFormat, Name: "lpd", Arch: "amd64", Linux: put(t, store, s.linux), LinuxRelease: "6.1.0",
		Initrd: []keg.KID{put(t, store, s.initrd)}, Ignition: put(t, store, []byte(`{"ignition":{"version":"3.4.0"}}`)),
		Args: []string{"quiet"}, Agentd: keg.Sum([]byte("agentd")),
	}
	encoded, err := manifest.Encode()
	if err != nil {
		t.Fatal(err)
	}
	s.image = put(t, store, encoded)
	s.records = newRecords(
		ophub.Host{Name: "node1", MACs: []string{mac1}, Switch: "leaf1", Port: "Gi1/0/1", VLAN: 20, Image: s.image, Kernels: []string{"main"}, Args: []string{"console=ttyS0"}},
		ophub.Host{Name: "node2", MACs: []string{mac2}, Image: s.image, Firmware: "bios"},
	)
	s.records.kernels["main"] = ophub.Kernel{Name: "main", Namespace: "main-ns", NodePool: "main-pool"}
	s.records.release["nomad"] = ophub.Release{Name: "nomad", Version: "1.10.5", KID: keg.Sum([]byte("nomad")), Format: ophub.FormatZstd}
	s.Server = s.server(edit...)
	return s
}

func (s *site) server(edit ...func(*Config)) *Server {
	s.t.Helper()
	config := Config{
		Hub: s.records, Keg: s.keg, DHCP: s.ether.server, TFTP: listenUDP(s.t), HTTP: listenTCP(s.t), Operator: listenTCP(s.t),
		OperatorToken: "operator-token", Address: netip.MustParseAddr("127.0.0.1"), Prefix: netip.MustParsePrefix("127.0.0.0/24"),
		Range:    Range{netip.MustParseAddr("127.0.0.10"), netip.MustParseAddr("127.0.0.29")},
		Firmware: fstest.MapFS{"undionly.kpxe": {Data: undionly}, "snponly.efi": {Data: []byte("snponly")}},
		SiteKey:  bytes.Repeat([]byte{7}, 32), ConsulURL: "http://127.0.0.1:8500", NomadServers: []string{"127.0.0.1:4647"},
		Logger: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range edit {
		f(&config)
	}
	server, err := New(config)
	if err != nil {
		s.t.Fatal(err)
	}
	return server
}

func listenUDP(t testing.TB) net.PacketConn {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func listenTCP(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// run starts the server, and waits until it knows the records.
func (s *site) run() *site {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Server.Run(ctx) }()
	var once sync.Once
	s.stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-ended:
				if err != nil {
					s.t.Errorf("Run: %v", err)
				}
			case <-time.After(20 * time.Second):
				s.t.Error("Run does not end")
			}
		})
	}
	s.t.Cleanup(s.stop)
	deadline := time.Now().Add(20 * time.Second)
	for {
		response, err := http.Get("http://" + s.HTTP.Addr().String() + "/healthz")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return s
			}
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the server never got healthy: %v\n%s", err, s.log)
		}
	}
}

// get fetches from the host-facing server, from the given address of this machine.
func (s *site) get(from, path string) (int, string) {
	s.t.Helper()
	return s.do(from, http.MethodGet, path, "")
}

func (s *site) do(from, method, path, body string) (int, string) {
	s.t.Helper()
	response, text := s.answer(from, method, path, body)
	return response.StatusCode, text
}

// answer is the response to a request, and its body, which is read.
func (s *site) answer(from, method, path, body string) (*http.Response, string) {
	s.t.Helper()
	transport := &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequest(method, "http://"+s.HTTP.Addr().String()+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := (&http.Client{Transport: transport, Timeout: 20 * time.Second}).Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response, string(text)
}

// lease puts a lease on record and into the server's table.
func (s *site) lease(mac, host, address string) {
	s.t.Helper()
	lease := ophub.Lease{MAC: mac, IP: address, Host: host, Expires: s.Now().Add(time.Hour)}
	if err := s.records.PutLease(context.Background(), lease); err != nil {
		s.t.Fatal(err)
	}
	s.table.set(lease)
}

// until waits for what the server takes over from the records by itself.
func (s *site) until(what string, done func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); s.get("127.0.0.1", "/healthz") {
		if time.Now().After(deadline) {
			s.t.Fatalf("never came: %s", what)
		}
	}
}

// waitStage waits until a host's boot record has the given stage, and returns the record's stages.
func (s *site) waitStage(host string, stage ophub.Stage, detail string) []ophub.Stage {
	s.t.Helper()
	var seen []ophub.Stage
	s.records.wait(s.t, host+" at "+string(stage)+" "+detail, func() bool {
		seen = nil
		found := false
		for _, e := range s.records.boots[host].Events {
			seen = append(seen, e.Stage)
			found = found || e.Stage == stage && strings.Contains(e.Detail, detail)
		}
		return found
	})
	return seen
}

func TestNewNamesEachProblem(t *testing.T) {
	_, err := New(Config{Address: netip.MustParseAddr("10.20.0.1"), Prefix: netip.MustParsePrefix("10.30.0.0/24"), ConsulURL: "nowhere", LeaseTime: time.Second})
	if err == nil {
		t.Fatal("an empty configuration was taken")
	}
	for _, want := range []string{"Hub", "Keg", "DHCP", "Firmware", "SiteKey", "ConsulURL", "10.30.0.0/24", "LeaseTime"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

func TestRangeWithinPrefix(t *testing.T) {
	for _, test := range []struct{ first, last, problem string }{
		{"10.20.0.10", "10.20.0.20", ""},
		{"10.20.0.20", "10.20.0.10", "Range"},
		{"10.20.0.0", "10.20.0.10", "Range"},
		{"10.20.0.10", "10.20.0.255", "Range"},
		{"10.21.0.1", "10.21.0.9", "Range"},
	} {
		c := Config{Address: netip.MustParseAddr("10.20.0.1"), Prefix: netip.MustParsePrefix("10.20.0.1/24"),
			Range: Range{netip.MustParseAddr(test.first), netip.MustParseAddr(test.last)}}
		problems := c.completeAddresses()
		if (len(problems) == 0) != (test.problem == "") {
			t.Errorf("%s to %s: %v", test.first, test.last, problems)
		}
	}
	c := Config{Address: netip.MustParseAddr("10.20.0.1"), Prefix: netip.MustParsePrefix("10.20.0.1/24")}
	if problems := c.completeAddresses(); problems != nil {
		t.Fatal(problems)
	}
	if got := c.Range.String(); got != "10.20.0.1–10.20.0.254" {
		t.Errorf("default range %s", got)
	}
}

func TestRunEndsWithItsContextAndFailsWithItsSockets(t *testing.T) {
	s := newSite(t).run()
	s.stop()
	if s.records.reaped == 0 {
		t.Error("dead agents were never reaped")
	}

	s = newSite(t)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(context.Background()) }()
	s.HTTP.Close()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "HTTP") {
			t.Errorf("got %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("Run goes on without its HTTP listener")
	}
}

func TestRecordsThatComeLate(t *testing.T) {
	s := newSite(t)
	s.records.setAway(io.ErrUnexpectedEOF)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	code, _ := s.get("127.0.0.1", "/healthz")
	if code != http.StatusServiceUnavailable {
		t.Errorf("healthz says %d without records", code)
	}
	s.records.setAway(nil)
	deadline := time.Now().Add(20 * time.Second)
	for code != http.StatusOK && time.Now().Before(deadline) {
		code, _ = s.get("127.0.0.1", "/healthz")
	}
	if code != http.StatusOK {
		t.Errorf("healthz says %d with records", code)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
