package images

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// known returns a package whose file is in our cache, so that a pinned version
// takes neither apt nor a network.
func (a apt) known(name, version, arch string) (debPackage, error) {
	var p debPackage
	if version == "" || !a.recall(knownKey(name, version, arch), &p) {
		return debPackage{}, os.ErrNotExist
	}
	_, err := os.Stat(a.path(p.Name, p.Version, p.Arch))
	return p, err
}

func knownKey(name, version, arch string) string {
	return digest("known", name, version, arch)
}

// listsKey changes when apt's lists or preferences do, and with them what a
// name may mean: until then the answer is remembered, since asking takes most
// of a second.
func (a apt) listsKey(name, version, arch string) string {
	parts := []string{"resolved", name, version, arch}
	for _, pattern := range []string{
		filepath.Join(a.lists, "*"), "/etc/apt/preferences", "/etc/apt/preferences.d/*",
		"/etc/apt/sources.list", "/etc/apt/sources.list.d/*", "/var/lib/dpkg/arch",
	} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		for _, f := range files {
			if info, err := os.Stat(f); err == nil && info.Mode().IsRegular() {
				parts = append(parts, f, fmt.Sprint(info.Size(), info.ModTime().UnixNano()))
			}
		}
	}
	return digest(parts...)
}

// digest names a list of strings.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// recall reads what was remembered under key, if anything.
func (a apt) recall(key string, into any) bool { return recall(a.cache, key, into) }

func (a apt) remember(key string, value any) { remember(a.cache, key, value) }

func recall(cache, key string, into any) bool {
	b, err := os.ReadFile(filepath.Join(cache, "notes", key+".json"))
	return err == nil && json.Unmarshal(b, into) == nil
}

// remember may fail in silence: what is not remembered is worked out again.
func remember(cache, key string, value any) {
	dir := filepath.Join(cache, "notes")
	b, err := json.Marshal(value)
	if err != nil || os.MkdirAll(dir, 0o755) != nil {
		return
	}
	f, err := os.CreateTemp(dir, "staging-")
	if err != nil {
		return
	}
	_, err = f.Write(b)
	if closeErr := f.Close(); err != nil || closeErr != nil || os.Rename(f.Name(), filepath.Join(dir, key+".json")) != nil {
		_ = os.Remove(f.Name())
	}
}

// fileSum returns the SHA-256 of a file in hex, and its size.
func fileSum(path string) (string, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), n, err
}
