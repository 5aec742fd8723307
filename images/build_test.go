package images_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/images"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// scratch holds what all tests of a run share.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "cthulix-images-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}

// testInit builds the tests' init once a run.
var testInit = sync.OnceValues(func() (string, error) {
	out := filepath.Join(scratch, "init")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, "./testdata/init")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return out, cmd.Run()
})

func openKeg(t *testing.T) *keg.Dir {
	t.Helper()
	d, err := keg.OpenDir(filepath.Join(t.TempDir(), "keg"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// cacheDir outlives the tests, so that packages are downloaded once.
func cacheDir(t *testing.T) string {
	t.Helper()
	dir, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "cthulix", "images")
}

func testRecipe(t *testing.T) images.Recipe {
	t.Helper()
	init, err := testInit()
	if err != nil {
		t.Fatalf("build the tests' init: %v", err)
	}
	return images.Recipe{Name: "lpd", Agentd: init}
}

func build(t *testing.T, r images.Recipe, s keg.Store) (images.Manifest, keg.KID) {
	t.Helper()
	m, kid, err := images.Build(t.Context(), r, images.BuildOptions{Cache: cacheDir(t), Keg: s, Progress: func(stage string) { t.Log(stage) }})
	if err != nil {
		t.Fatal(err)
	}
	return m, kid
}
