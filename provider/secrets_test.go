package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

// No secret of the provider block is found in the state, or in what the provider
// keeps on disk.
func TestNoSecrets(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:08:01")
	config := hostConfig(w, r, "secret1", kid("image"), "")
	w.test(
		resource.TestStep{Config: config, PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{
			PreConfig: func() { lookOnDisk(t, w.cache) }, // where the snapshot lies between plan and apply
			Config:    config,
			Check: func(s *terraform.State) error {
				b, err := json.Marshal(s)
				if err != nil {
					return err
				}
				return noSecret("the state", b)
			},
		},
	)
}

func lookOnDisk(t testing.TB, dir string) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		seen++
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm() != 0o600 {
			return fmt.Errorf("%s can be read by others: %v", name, info.Mode())
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return noSecret(name, b)
	})
	if err != nil {
		t.Error(err)
	}
	if seen == 0 {
		t.Error("the provider kept nothing on disk, so that nothing was looked at")
	}
}

func noSecret(where string, b []byte) error {
	for _, secret := range []string{switchPassword, switchSecret, bmcPassword, keepToken} {
		if i := bytes.Index(b, []byte(secret)); i >= 0 {
			return fmt.Errorf("%s holds %q: …%s…", where, secret, b[max(0, i-200):min(len(b), i+100)])
		}
	}
	return nil
}
