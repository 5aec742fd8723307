package ophub

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"
)

// DefaultPrefix is where records are kept in Consul's key-value store.
const DefaultPrefix = "cthulix/"

// Config says which Consul holds the records.
type Config struct {
	// Address of a Consul server's HTTP API, "http://127.0.0.1:8500". Without a
	// scheme it is taken as http.
	Address string
	// Token is the ACL token; empty where Consul has no ACLs.
	Token string
	// Prefix of all keys; DefaultPrefix when empty.
	Prefix string
	// HTTPClient is used for all requests; nil makes one. It must have no
	// overall timeout, since blocking queries are long.
	HTTPClient *http.Client
	// Logger hears about retries of watches and sessions; nil is silence.
	Logger *slog.Logger
}

// Hub reads and writes the shared records. It is safe for concurrent use.
type Hub struct {
	client  *api.Client
	address string
	prefix  string
	log     *slog.Logger
	now     func() time.Time
}

// New makes a Hub. It checks the configuration and dials nobody.
func New(c Config) (*Hub, error) {
	address := c.Address
	if address == "" {
		return nil, fmt.Errorf("ophub: no address: want that of a Consul server, like http://127.0.0.1:8500")
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("ophub: address %q: want http://HOST:PORT or https://HOST:PORT of a Consul server", c.Address)
	}
	if u.User != nil {
		return nil, fmt.Errorf("ophub: the address of %s holds a user or password; use the token instead", u.Host)
	}
	prefix := c.Prefix
	if prefix == "" {
		prefix = DefaultPrefix
	}
	if strings.HasPrefix(prefix, "/") {
		return nil, fmt.Errorf("ophub: prefix %q must not start with a slash", c.Prefix)
	}
	if !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	client, err := api.NewClient(&api.Config{
		Address:    u.String(),
		Scheme:     u.Scheme,
		Token:      c.Token,
		HttpClient: c.HTTPClient,
	})
	if err != nil {
		return nil, fmt.Errorf("ophub at %s: %w", u.String(), err)
	}
	log := c.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Hub{client: client, address: u.String(), prefix: prefix, log: log.With("ophub", u.String()), now: time.Now}, nil
}

// Address is the URL of the Consul server that holds the records.
func (h *Hub) Address() string { return h.address }

func (h *Hub) key(kind, name string) string { return h.prefix + kind + "/" + name }
