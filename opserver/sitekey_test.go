package opserver

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

func TestLoadSiteKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "site.key")
	// Several opservers that start at once agree on one key.
	keys := make([][]byte, 8)
	var group sync.WaitGroup
	for i := range keys {
		group.Go(func() {
			key, err := LoadSiteKey(path)
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	group.Wait()
	for _, key := range keys {
		if len(key) != 32 || !bytes.Equal(key, keys[0]) {
			t.Fatalf("keys of %d and %d bytes differ", len(key), len(keys[0]))
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".site-key-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}

	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadSiteKey(path); err == nil || !strings.Contains(err.Error(), "0640") {
		t.Errorf("a key that others can read: %v", err)
	}
	broken := filepath.Join(t.TempDir(), "site.key")
	if err := os.WriteFile(broken, []byte("c0ffee"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadSiteKey(broken); err == nil || strings.Contains(err.Error(), "c0ffee") {
		t.Errorf("a broken key: %v", err)
	}
}

func TestNomadIdentity(t *testing.T) {
	key := bytes.Repeat([]byte{1}, 32)
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]string{}
	for _, who := range [][2]string{{"main", "node1"}, {"main", "node2"}, {"mainn", "ode1"}, {"other", "node1"}} {
		client, secret := NomadIdentity(key, who[0], who[1])
		for what, id := range map[string]string{"client": client, "secret": secret} {
			if !uuid.MatchString(id) {
				t.Errorf("%v: %s id %q is no UUID", who, what, id)
			}
			if other := seen[id]; other != "" {
				t.Errorf("%v: %s id is also that of %s", who, what, other)
			}
			seen[id] = who[0] + "/" + who[1] + " " + what
		}
		again, secretAgain := NomadIdentity(key, who[0], who[1])
		if again != client || secretAgain != secret {
			t.Errorf("%v: not the same twice", who)
		}
	}
	one, _ := NomadIdentity(key, "main", "node1")
	other, _ := NomadIdentity(bytes.Repeat([]byte{2}, 32), "main", "node1")
	if one == other {
		t.Error("another site's key gives the same identity")
	}
	// What is on record in Nomad must never change with a new version.
	if want := "4bcedfaa-ddd7-4893-92ea-86a184a789ab"; one != want {
		t.Errorf("client id %s, want %s", one, want)
	}
}
