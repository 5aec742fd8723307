package opserver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// siteKeySize is what LoadSiteKey makes, and the least that New accepts.
const siteKeySize = 32

// LoadSiteKey reads the site key from path, and makes one there (readable by its owner only) when there is none.
// All opservers of a site need the same file: host identities are derived from it and stored nowhere.
func LoadSiteKey(path string) ([]byte, error) {
	for {
		key, err := readSiteKey(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return key, err
		}
		if err := writeSiteKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("make the site key %s: %w", path, err)
		}
	}
}

func readSiteKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the site key: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the site key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("site key %s has mode %04o: others can read it; set it to 0600", path, mode)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != siteKeySize {
		// Neither the text nor the decoder's error is shown: both hold parts of the key.
		return nil, fmt.Errorf("site key %s is not %d bytes in hex: restore it from another opserver, or remove it to get a new one (hosts then get new Nomad identities)", path, siteKeySize)
	}
	return key, nil
}

// writeSiteKey puts a whole new key in place, or fails with fs.ErrExist when another process was first.
func writeSiteKey(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	var key [siteKeySize]byte
	if _, err := rand.Read(key[:]); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".site-key-*") // CreateTemp's mode is 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.WriteString(hex.EncodeToString(key[:]) + "\n"); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

// NomadIdentity derives the Nomad node ID and its secret that host has in kernel. Both come from the site key alone, so
// that a host which keeps nothing on disk stays the same Nomad node, and no record holds the secret.
func NomadIdentity(siteKey []byte, kernel, host string) (clientID, secretID string) {
	return derivedUUID(siteKey, "nomad client id", kernel, host), derivedUUID(siteKey, "nomad secret id", kernel, host)
}

func derivedUUID(key []byte, parts ...string) string {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		// The length keeps ("a", "bc") and ("ab", "c") apart.
		fmt.Fprintf(mac, "%d:%s|", len(part), part)
	}
	u := mac.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x40 // the marks of a random UUID, which is what Nomad makes itself
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16])
}
