//go:build corpus

package adopt

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// corpusEnv names a directory of captures from real devices, in any layout.
const corpusEnv = "CTHULIX_CORPUS"

// TestCorpus adopts every capture that is a whole running configuration, each in
// an estate of its own. There is nothing to skip: without a corpus, the build
// tag is left out.
func TestCorpus(t *testing.T) {
	dir := os.Getenv(corpusEnv)
	if dir == "" {
		t.Fatalf("set %s to a directory of captures", corpusEnv)
	}
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures in %s: %v", dir, err)
	}
	loaded := 0
	for _, file := range files {
		configs, _ := captured(t, []string{file})
		if len(configs) == 0 {
			continue
		}
		loaded++
		t.Run(filepath.Base(file), func(t *testing.T) {
			e := newEstate(t, configs)
			e.adopt(e.running())
		})
	}
	t.Logf("%d of %d captures are whole running configurations", loaded, len(files))
	if loaded == 0 {
		t.Errorf("%s has no whole running configuration, so nothing was adopted", dir)
	}
}
