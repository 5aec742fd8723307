package ios

import (
	"encoding/base64"
	"fmt"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

const fingerprintPrefix = "SHA256:"

// hostKeys are the pinned keys of a switch.
type hostKeys struct {
	text         string
	fingerprints []string
	types        []string // of keys that were given in full
}

// ValidateHostKey says whether a text can pin a host key: a fingerprint
// ("SHA256:…"), a public key ("ssh-rsa AAAA…") or a line of a known_hosts
// file; several are separated by newlines.
func ValidateHostKey(s string) error {
	_, err := parseHostKeys(s)
	return err
}

func parseHostKeys(s string) (hostKeys, error) {
	keys := hostKeys{text: strings.Join(strings.Fields(s), " ")}
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if sum, ok := strings.CutPrefix(line, fingerprintPrefix); ok {
			raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(sum, "="))
			if err != nil || len(raw) != 32 {
				return hostKeys{}, fmt.Errorf("host key %q: a fingerprint has 43 characters after %s, as `ssh-keygen -lf` prints it", line, fingerprintPrefix)
			}
			keys.fingerprints = append(keys.fingerprints, fingerprintPrefix+strings.TrimRight(sum, "="))
			continue
		}
		key, err := parsePublicKey(line)
		if err != nil {
			return hostKeys{}, fmt.Errorf("host key %q: it is neither a fingerprint (SHA256:…) nor a public key (ssh-rsa AAAA…): %w", cut(line, 40), err)
		}
		keys.fingerprints = append(keys.fingerprints, ssh.FingerprintSHA256(key))
		keys.types = append(keys.types, key.Type())
	}
	return keys, nil
}

func parsePublicKey(line string) (ssh.PublicKey, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err == nil {
		return key, nil
	}
	_, _, key, _, _, err = ssh.ParseKnownHosts([]byte(line))
	return key, err
}

// check is the pinned keys as a callback of the SSH client. The error is kept,
// since the client wraps it in text.
func (k hostKeys) check(name string, keep *error) ssh.HostKeyCallback {
	return func(_ string, _ net.Addr, key ssh.PublicKey) error {
		got := ssh.FingerprintSHA256(key)
		if slices.Contains(k.fingerprints, got) {
			return nil
		}
		*keep = &HostKeyError{Switch: name, Presented: got, KeyType: key.Type(), Want: k.text}
		return *keep
	}
}

// algorithms asks the switch for the kinds of key that are pinned in full, lest
// it present another key of its own. nil leaves the client's choice.
func (k hostKeys) algorithms() []string {
	if len(k.types) == 0 || len(k.types) != len(k.fingerprints) {
		return nil
	}
	var out []string
	for _, t := range k.types {
		if t == ssh.KeyAlgoRSA {
			out = append(out, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		}
		out = append(out, t)
	}
	return out
}
