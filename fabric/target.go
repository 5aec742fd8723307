package fabric

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"
)

// Target says where a switch is and how to get in. It holds secrets: its
// String and its slog value show none of them.
type Target struct {
	// Name is the name that messages use for the switch.
	Name string
	// Address is host or host:port; the default port is 22.
	Address  string
	Username string
	Password string
	// EnablePassword is asked for where a login does not end at privilege
	// level 15.
	EnablePassword string
	// PrivateKey is a PEM-encoded key, tried before the password.
	PrivateKey string
	// HostKey pins the switch's SSH key: "SHA256:…", "ssh-rsa AAAA…" or a line
	// of a known_hosts file; several are separated by newlines.
	HostKey string
	// Platform is the dialect: "ios" (the default) or "iosxe".
	Platform string
	// Dial opens the TCP connection; nil means the network.
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Timeouts Timeouts
	// AllowLegacyAlgorithms also offers the broken key exchanges and ciphers
	// that old IOS needs.
	AllowLegacyAlgorithms bool
	// Logger may be nil.
	Logger *slog.Logger
}

// String names the switch and nothing secret.
func (t Target) String() string {
	if t.Name == "" {
		return t.Address
	}
	return fmt.Sprintf("%s (%s)", t.Name, t.Address)
}

// GoString keeps %#v from printing the secrets.
func (t Target) GoString() string { return "fabric.Target{" + t.String() + "}" }

// LogValue keeps a logger from printing the secrets.
func (t Target) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Timeouts bound what a session waits for. A zero value is replaced by the
// default that is noted beside it. The caller's context is obeyed as well.
type Timeouts struct {
	Connect  time.Duration // TCP, SSH handshake and first prompt: 20 s
	Command  time.Duration // the answer to one line: 30 s
	Read     time.Duration // the answer to a long reading, such as the running configuration: 120 s
	Save     time.Duration // saving, with all retries: 60 s
	Retry    time.Duration // pause before a busy switch is asked again: 3 s
	Lock     time.Duration // for another's configuration lock to go away: 30 s
	Rollback time.Duration // for the way back after a failure, even if the context has ended: 90 s
}

// WithDefaults fills in what is zero.
func (t Timeouts) WithDefaults() Timeouts {
	set := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	set(&t.Connect, 20*time.Second)
	set(&t.Command, 30*time.Second)
	set(&t.Read, 120*time.Second)
	set(&t.Save, 60*time.Second)
	set(&t.Retry, 3*time.Second)
	set(&t.Lock, 30*time.Second)
	set(&t.Rollback, 90*time.Second)
	return t
}
