package gridapp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"
)

// Config says which Nomad runs the jobs.
type Config struct {
	// Address of a Nomad server's HTTP API, "http://127.0.0.1:4646". Without a
	// scheme it is taken as http.
	Address string
	// Token is the ACL token; empty where Nomad has no ACLs.
	Token string
	// Logger hears about retries; nil is silence.
	Logger *slog.Logger
}

// Client talks to Nomad. It is safe for concurrent use.
type Client struct {
	nomad   *api.Client
	address string
	log     *slog.Logger
}

// New makes a Client. It checks the configuration and dials nobody.
func New(c Config) (*Client, error) {
	address := c.Address
	if address == "" {
		return nil, fmt.Errorf("gridapp: no address: want that of a Nomad server, like http://127.0.0.1:4646")
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("gridapp: address %q: want http://HOST:PORT or https://HOST:PORT of a Nomad server", c.Address)
	}
	if u.User != nil {
		return nil, fmt.Errorf("gridapp: the address of %s holds a user or password; use the token instead", u.Host)
	}
	nomad, err := api.NewClient(&api.Config{Address: u.String(), SecretID: c.Token})
	if err != nil {
		return nil, fmt.Errorf("nomad at %s: %w", u.String(), err)
	}
	log := c.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Client{nomad: nomad, address: u.String(), log: log.With("nomad", u.String())}, nil
}

// requestTimeout bounds each request that is no blocking query and carries no
// output.
const requestTimeout = 30 * time.Second

func (c *Client) query(ctx context.Context, namespace string) (*api.QueryOptions, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	return (&api.QueryOptions{Namespace: namespace}).WithContext(ctx), cancel
}

func (c *Client) write(ctx context.Context, namespace string) (*api.WriteOptions, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	return (&api.WriteOptions{Namespace: namespace}).WithContext(ctx), cancel
}

const (
	// blockFor is how long Nomad holds a blocking query when nothing changes.
	// What blocks nobody (a deployment, who waits for which node) is looked at
	// as often.
	blockFor   = 5 * time.Second
	blockLimit = blockFor + 15*time.Second
	// restFor keeps a job that changes all the time from taking all the time.
	restFor = 50 * time.Millisecond
)

// block makes the options of a blocking query.
func (c *Client) block(ctx context.Context, namespace string, index uint64) (*api.QueryOptions, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, blockLimit)
	return (&api.QueryOptions{Namespace: namespace, WaitIndex: index, WaitTime: blockFor}).WithContext(ctx), cancel
}

// nextIndex is what to wait for after an answer at index got. An index that
// goes back belongs to a server that was restored: begin again, but never with
// 0, which does not block.
func nextIndex(last, got uint64) uint64 {
	if got < last || got == 0 {
		return 1
	}
	return got
}

// ErrNotFound is wrapped by the error of a gridapp or a domain that is not there.
var ErrNotFound = errors.New("not found")

// fail says what was tried on which Nomad, what came back, and what to do.
func (c *Client) fail(what string, err error) error {
	if err == nil {
		return nil
	}
	advice := ""
	var op *net.OpError
	switch {
	case statusOf(err) == http.StatusForbidden:
		advice = "; give it a token that may use the kernel's namespace and node pool"
	case strings.Contains(err.Error(), "No cluster leader"):
		advice = "; Nomad's servers have no leader: see that a majority of them runs"
	case errors.As(err, &op) && op.Op == "dial":
		advice = "; is Nomad running there?"
	}
	return fmt.Errorf("nomad at %s: %s: %w%s", c.address, what, err, advice)
}

// statusOf is the HTTP status that Nomad answered with, 0 for none.
func statusOf(err error) int {
	var answer api.UnexpectedResponseError
	if errors.As(err, &answer) && answer.HasStatusCode() {
		return answer.StatusCode()
	}
	return 0
}

func notFound(err error) bool { return statusOf(err) == http.StatusNotFound }

// passing tells whether an error may be gone at the next try: the network, or
// a server without a leader.
func passing(err error) bool {
	status := statusOf(err)
	return status == 0 || status >= 500 || status == http.StatusTooManyRequests
}

// backoff waits longer each time, with jitter, so that many who failed
// together do not come back together.
type backoff struct{ next time.Duration }

func (b *backoff) sleep(ctx context.Context) error {
	const least, most = 200 * time.Millisecond, 5 * time.Second
	b.next = min(max(2*b.next, least), most)
	return pause(ctx, b.next/2+rand.N(b.next/2))
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
