package keg_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

func openDir(t *testing.T) *keg.Dir {
	t.Helper()
	d, err := keg.OpenDir(filepath.Join(t.TempDir(), "keg"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func read(t *testing.T, s keg.Store, kid keg.KID) []byte {
	t.Helper()
	f, size, err := s.Open(t.Context(), kid)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(b)) != size {
		t.Fatalf("Open said %d bytes, and %d came", size, len(b))
	}
	return b
}

// files lists what lies in a store, below its root.
func files(t *testing.T, d *keg.Dir) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(d.Path(), func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			all = append(all, strings.TrimPrefix(path, d.Path()+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDirKeepsBlobs(t *testing.T) {
	d := openDir(t)
	for _, content := range []string{"", "hello", strings.Repeat("a large one", 1<<18)} {
		kid, n, err := d.Put(t.Context(), strings.NewReader(content))
		if err != nil || kid != keg.Sum([]byte(content)) || n != int64(len(content)) {
			t.Fatalf("Put = %s, %d, %v", kid, n, err)
		}
		if has, err := d.Has(t.Context(), kid); err != nil || !has {
			t.Errorf("Has = %v, %v", has, err)
		}
		if got := read(t, d, kid); string(got) != content {
			t.Errorf("read back %d bytes that differ", len(got))
		}
		if again, _, err := d.Put(t.Context(), strings.NewReader(content)); err != nil || again != kid {
			t.Errorf("the second Put = %s, %v", again, err)
		}
	}
	reopened, err := keg.OpenDir(d.Path())
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, reopened, keg.Sum([]byte("hello"))); string(got) != "hello" {
		t.Errorf("after reopening: %q", got)
	}
	if got := files(t, d); len(got) != 3 {
		t.Errorf("three blobs became the files %q", got)
	}
}

func TestDirRefuses(t *testing.T) {
	d := openDir(t)
	want := keg.Sum([]byte("right"))
	var mismatch *keg.MismatchError
	if _, err := d.PutExpect(t.Context(), want, strings.NewReader("wrong")); !errors.As(err, &mismatch) {
		t.Errorf("wrong bytes: %v", err)
	} else if mismatch.Want != want || mismatch.Got != keg.Sum([]byte("wrong")) {
		t.Errorf("the error holds %+v", mismatch)
	}
	if _, err := d.PutExpect(t.Context(), "K-short", strings.NewReader("x")); err == nil {
		t.Error("a malformed name was taken")
	}
	broken := errors.New("cable pulled")
	if _, _, err := d.Put(t.Context(), io.MultiReader(strings.NewReader("half"), errReader{broken})); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := d.Put(cancelled, strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled Put: %v", err)
	}
	if got := files(t, d); len(got) != 0 {
		t.Errorf("failures left %q", got)
	}
	if _, _, err := d.Open(t.Context(), want); !errors.Is(err, keg.ErrNotFound) {
		t.Errorf("Open of a missing blob: %v", err)
	}
	for _, evil := range []keg.KID{"", "K-", "../../etc/passwd"} {
		if _, _, err := d.Open(t.Context(), evil); err == nil || errors.Is(err, keg.ErrNotFound) {
			t.Errorf("Open(%q): %v", evil, err)
		}
		if _, err := d.Has(t.Context(), evil); err == nil {
			t.Errorf("Has(%q) took the name", evil)
		}
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestDirPutRepairsATruncatedBlob(t *testing.T) {
	d := openDir(t)
	kid, _, err := d.Put(t.Context(), strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	blob := filepath.Join(d.Path(), files(t, d)[0])
	if err := os.Remove(blob); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(blob, []byte("hel"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.PutExpect(t.Context(), kid, strings.NewReader("hello")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, d, kid); string(got) != "hello" {
		t.Errorf("still %q", got)
	}
}

func TestDirSweepsWhatADeadProcessLeft(t *testing.T) {
	d := openDir(t)
	staging := filepath.Join(d.Path(), "staging")
	for name, age := range map[string]time.Duration{"put-dead": 48 * time.Hour, "put-alive": time.Minute} {
		path := filepath.Join(staging, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := keg.OpenDir(d.Path()); err != nil {
		t.Fatal(err)
	}
	if got := files(t, d); len(got) != 1 || got[0] != "staging/put-alive" {
		t.Errorf("after opening again: %q", got)
	}
}

func TestDirConcurrently(t *testing.T) {
	d := openDir(t)
	other, err := keg.OpenDir(d.Path())
	if err != nil {
		t.Fatal(err)
	}
	var g errgroup.Group
	for i := range 32 {
		store := []*keg.Dir{d, other}[i%2]
		content := bytes.Repeat([]byte{byte('a' + i%4)}, 100_000)
		g.Go(func() error {
			kid, _, err := store.Put(t.Context(), bytes.NewReader(content))
			if err != nil {
				return err
			}
			got, err := keg.ReadAll(t.Context(), other, kid, 1<<20)
			if err == nil && !bytes.Equal(got, content) {
				err = fmt.Errorf("read other bytes")
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	if got := files(t, d); len(got) != 4 {
		t.Errorf("four blobs became %q", got)
	}
}
