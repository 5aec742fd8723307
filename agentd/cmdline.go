package agentd

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// Params is what the boot script told the agent on Linux's command line.
type Params struct {
	// Opserver is the base URL of the opserver that the host booted from.
	Opserver string
	// Image is the KID of the image that was booted: the proof of boot.
	Image keg.KID
	// Host is the host's name in the ophub.
	Host string
	// MAC names the network interface that the host booted by, lower case with colons.
	MAC string
	// IgnitionURL is set where the boot script gives an Ignition config of its own.
	IgnitionURL string
}

// ParseCmdline reads the cthulix.* parameters and ignition.config.url out of a
// Linux command line. It reports every parameter that is missing or malformed,
// and returns what it could read all the same: with an opserver and a MAC the
// agent can still say what is wrong.
func ParseCmdline(line string) (Params, error) {
	var p Params
	var errs []error
	bad := func(key, value string, err error) {
		errs = append(errs, fmt.Errorf("linux command line: %s=%q: %w", key, value, err))
	}
	for _, field := range splitCmdline(line) {
		key, value, ok := strings.Cut(field, "=")
		if !ok {
			continue
		}
		switch key {
		case "cthulix.opserver":
			base, err := parseBase(value)
			if err != nil {
				bad(key, value, err)
				continue
			}
			p.Opserver = base
		case "cthulix.image":
			kid, err := keg.Parse(value)
			if err != nil {
				bad(key, value, err)
				continue
			}
			p.Image = kid
		case "cthulix.host":
			if err := checkName(value); err != nil {
				bad(key, value, err)
				continue
			}
			p.Host = value
		case "cthulix.mac":
			mac, err := net.ParseMAC(value)
			if err == nil && len(mac) != 6 {
				err = errors.New("want six bytes")
			}
			if err != nil {
				bad(key, value, err)
				continue
			}
			p.MAC = mac.String()
		case "ignition.config.url":
			if _, err := parseHTTPURL(value); err != nil {
				bad(key, value, err)
				continue
			}
			p.IgnitionURL = value
		}
	}
	if len(errs) == 0 {
		for _, need := range []struct{ key, value string }{
			{"cthulix.opserver", p.Opserver}, {"cthulix.image", string(p.Image)},
			{"cthulix.host", p.Host}, {"cthulix.mac", p.MAC},
		} {
			if need.value == "" {
				errs = append(errs, fmt.Errorf("linux command line: %s is missing: boot this image with the opserver's boot script", need.key))
			}
		}
	}
	return p, errors.Join(errs...)
}

// splitCmdline splits at white space outside double quotes and takes the
// quotes away, as Linux itself does.
func splitCmdline(line string) []string {
	var fields []string
	var field strings.Builder
	quoted, started := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			quoted, started = !quoted, true
		case !quoted && (c == ' ' || c == '\t' || c == '\n' || c == 0):
			if started {
				fields = append(fields, field.String())
				field.Reset()
				started = false
			}
		default:
			field.WriteByte(c)
			started = true
		}
	}
	if started {
		fields = append(fields, field.String())
	}
	return fields
}

func parseHTTPURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("want an http or https URL with a host")
	}
	return u, nil
}

func parseBase(s string) (string, error) {
	u, err := parseHTTPURL(s)
	if err != nil {
		return "", err
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", errors.New("want a plain base URL, without user, query or fragment")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// checkName holds names of hosts and kernels to what is safe as a host name,
// a path element and a quoted string.
func checkName(s string) error {
	if s == "" || len(s) > 63 {
		return errors.New("want 1 to 63 characters")
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if alnum || i > 0 && (c == '-' || c == '.' || c == '_') {
			continue
		}
		return fmt.Errorf("character %q is not allowed: want letters, digits, and inside also - . _", c)
	}
	return nil
}
