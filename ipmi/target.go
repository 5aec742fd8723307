package ipmi

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The limits of RMCP+. Longer passwords are cut silently by the protocol's libraries, which then log in with
// something else than was written down.
const (
	maxUsername = 16
	maxPassword = 20
)

// defaultSuites is the order of preference: HMAC-SHA256, which OpenBMC insists on, then HMAC-SHA1, which
// everything has.
var defaultSuites = []int{17, 3}

// Validate reports what can be known to be wrong without asking the BMC.
func (t Target) Validate() error {
	var problems []error
	if _, _, err := t.split(); err != nil {
		problems = append(problems, err)
	}
	if len(t.Username) > maxUsername {
		problems = append(problems, fmt.Errorf("the user name is %d bytes long, IPMI has room for %d", len(t.Username), maxUsername))
	}
	if len(t.Password) > maxPassword {
		problems = append(problems, fmt.Errorf("the password is %d bytes long, IPMI has room for %d", len(t.Password), maxPassword))
	}
	for _, suite := range t.CipherSuites {
		switch {
		case suite == 0:
			problems = append(problems, errors.New("cipher suite 0 accepts any password and is refused: use 17 or 3"))
		case !slices.Contains(defaultSuites, suite):
			problems = append(problems, fmt.Errorf("cipher suite %d is not supported: use 17 or 3", suite))
		}
	}
	if t.Rate < 0 || t.Burst < 0 {
		problems = append(problems, fmt.Errorf("a rate of %g commands a second in bursts of %d: neither can be negative", t.Rate, t.Burst))
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("BMC %s: %w", t.label(), errors.Join(problems...))
}

// split takes the address apart.
func (t Target) split() (host string, port int, err error) {
	host, text := t.Address, DefaultPort
	if h, p, err := net.SplitHostPort(t.Address); err == nil {
		host, text = h, p
	} else if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	} else if strings.Count(host, ":") == 1 {
		return "", 0, fmt.Errorf("the address %q is not host, host:port or [v6]:port: %w", t.Address, err)
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return "", 0, fmt.Errorf("the address %q has the port %q: want a number from 1 to 65535", t.Address, text)
	}
	if host == "" {
		return "", 0, fmt.Errorf("the address %q names no host", t.Address)
	}
	return host, port, nil
}

// address is the canonical "host:port" under which callers share a line.
func (t Target) address() string {
	host, port, err := t.split()
	if err != nil {
		return t.Address
	}
	return net.JoinHostPort(strings.ToLower(host), strconv.Itoa(port))
}

// label is what messages call the BMC.
func (t Target) label() string {
	if t.Name == "" || t.Name == t.Address {
		return t.address()
	}
	return t.Name + " (" + t.address() + ")"
}

func (t Target) suites() []int {
	if len(t.CipherSuites) == 0 {
		return defaultSuites
	}
	return t.CipherSuites
}

func (t Target) timeout() time.Duration {
	if t.Timeout > 0 {
		return t.Timeout
	}
	return DefaultTimeout
}

func (t Target) pollInterval() time.Duration {
	if t.PollInterval > 0 {
		return t.PollInterval
	}
	return 500 * time.Millisecond
}

func (t Target) rate() float64 {
	if t.Rate > 0 {
		return t.Rate
	}
	return DefaultRate
}

func (t Target) burst() float64 {
	if t.Burst > 0 {
		return float64(t.Burst)
	}
	return DefaultBurst
}
