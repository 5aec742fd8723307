package kill

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// The doors by which a provider reaches the world, and the one by which a
// machine that boots does.
const (
	doorOphub = "ophub"
	doorNomad = "nomad"
	doorBMC   = "BMC"
	doorStage = "stage"
)

// knock is one thing that a provider does at a door.
type knock struct {
	door string
	// what is a method and a path, or the network function and the command of a
	// BMC, as in "PUT /v1/kv/cthulix/boots/kill1" and "00/02"; or a stage of a boot.
	what string
	body string
}

// trap lets a provider die at a knock: before it is heard, or after it was done
// and before anybody answered.
type trap struct {
	kill   func(terraformToo bool) (int, error)
	stages bell

	mu      sync.Mutex
	set     *spring
	seen    []string // what came since it was set
	waiting func()   // called once when somebody waits for a host
}

// spring says when a trap goes off, and whom it hits.
type spring struct {
	when         func(knock) bool
	after        bool
	terraformToo bool
	sprung       chan struct{}
	err          error
}

// arm sets the trap.
func (p *trap) arm(when func(knock) bool, after, terraformToo bool) *spring {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = nil
	p.set = &spring{when: when, after: after, terraformToo: terraformToo, sprung: make(chan struct{})}
	return p.set
}

// disarm takes the trap away. It returns what came since it was set.
func (p *trap) disarm() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set = nil
	return p.seen
}

// hears returns the spring if it is this knock that it waits for. Then it is
// off: a trap kills once.
func (p *trap) hears(k knock) *spring {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set == nil {
		return nil
	}
	p.seen = append(p.seen, k.door+" "+k.what)
	if !p.set.when(k) {
		return nil
	}
	s := p.set
	p.set = nil
	return s
}

// strike kills, now.
func (p *trap) strike(s *spring) {
	n, err := p.kill(s.terraformToo)
	if err == nil && n == 0 {
		err = fmt.Errorf("nobody was there to be killed")
	}
	s.err = err
	close(s.sprung)
}

// door puts a watched door in front of a server, and returns its address.
func (p *trap) door(t *testing.T, name, address string) string {
	t.Helper()
	to, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	behind := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		FlushInterval: -1,
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the other side died
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		k := knock{door: name, what: r.Method + " " + r.URL.Path, body: string(body)}
		if r.URL.Query().Get("index") > "0" {
			p.waits(k)
		}
		s := p.hears(k)
		switch {
		case s == nil:
			behind.ServeHTTP(w, r)
			return
		case s.after:
			// Its caller is dead by the time that it would be answered, but it is carried out.
			behind.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithoutCancel(r.Context())))
		}
		p.strike(s)
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// onWaiting has do called, once, when somebody follows the live record of a host.
func (p *trap) onWaiting(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = do
}

func (p *trap) waits(k knock) {
	p.mu.Lock()
	do := p.waiting
	if do == nil || !strings.HasPrefix(k.what, "GET /v1/kv/"+ophub.DefaultPrefix+"boots/") {
		do = nil
	} else {
		p.waiting = nil
	}
	p.mu.Unlock()
	if do != nil {
		do()
	}
}

// bmc is what the controllers show of their commands.
func (p *trap) bmc(machine string, netFn, id byte, data []byte) (answer []byte, code byte, handled bool) {
	if machine != host {
		return nil, 0, false
	}
	s := p.hears(knock{door: doorBMC, what: fmt.Sprintf("%02x/%02x", netFn, id), body: string(data)})
	if s == nil {
		return nil, 0, false
	}
	p.strike(s)
	return nil, 0, !s.after // what was sent is carried out, whoever sent it
}

// bell is the opserver's log: it rings at each stage of a boot, before the
// machine is answered. One at which somebody dies stands still from then on.
type bell struct {
	slog.Handler
	trap   *trap
	freeze func()
}

func (b *bell) Enabled(context.Context, slog.Level) bool { return true }
func (b *bell) WithAttrs([]slog.Attr) slog.Handler       { return b }
func (b *bell) WithGroup(string) slog.Handler            { return b }
func (b *bell) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "boot stage" {
		return nil
	}
	said := map[string]string{}
	r.Attrs(func(a slog.Attr) bool {
		said[a.Key] = a.Value.String()
		return true
	})
	if said["host"] != host {
		return nil
	}
	if s := b.trap.hears(knock{door: doorStage, what: said["stage"]}); s != nil {
		b.freeze()
		b.trap.strike(s)
	}
	return nil
}
