package keg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Dir is a Store in a directory. Several processes may share it: a blob appears
// under its name whole or not at all.
type Dir struct{ root string }

const (
	stagingPrefix = "put-"
	// A staging file that has not been written for so long belongs to a
	// process that died.
	stagingLife = 24 * time.Hour
)

// OpenDir opens the store at path and makes the directory if there is none.
func OpenDir(path string) (*Dir, error) {
	root, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("keg: open %s: %w", path, err)
	}
	d := &Dir{root: root}
	if err := os.MkdirAll(d.staging(), 0o755); err != nil {
		return nil, fmt.Errorf("keg: open %s: %w", root, err)
	}
	d.sweep(time.Now().Add(-stagingLife))
	return d, nil
}

// Path returns the directory's absolute path.
func (d *Dir) Path() string { return d.root }

func (d *Dir) staging() string { return filepath.Join(d.root, "staging") }

// file spreads blobs over 256 directories, so that none of them gets slow.
func (d *Dir) file(kid KID) string {
	return filepath.Join(d.root, "blobs", string(kid[len(kidPrefix):len(kidPrefix)+2]), string(kid))
}

func (d *Dir) sweep(before time.Time) {
	entries, err := os.ReadDir(d.staging())
	if err != nil {
		return
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasPrefix(e.Name(), stagingPrefix) && info.ModTime().Before(before) {
			// Another process may sweep at the same time: nothing is lost by a failure.
			_ = os.Remove(filepath.Join(d.staging(), e.Name()))
		}
	}
}

// Put implements Store.
func (d *Dir) Put(ctx context.Context, r io.Reader) (KID, int64, error) {
	kid, n, err := d.put(ctx, "", r)
	if err != nil {
		return "", 0, fmt.Errorf("keg: put into %s: %w", d.root, err)
	}
	return kid, n, nil
}

// PutExpect stores what r yields if it is the blob of that name, and stores
// nothing and returns a *MismatchError if it is another.
func (d *Dir) PutExpect(ctx context.Context, want KID, r io.Reader) (int64, error) {
	if _, err := Parse(string(want)); err != nil {
		return 0, fmt.Errorf("keg: put: %w", err)
	}
	_, n, err := d.put(ctx, want, r)
	if err != nil {
		return 0, fmt.Errorf("keg: put %s into %s: %w", want.Short(), d.root, err)
	}
	return n, nil
}

func (d *Dir) put(ctx context.Context, want KID, r io.Reader) (_ KID, _ int64, err error) {
	f, err := os.CreateTemp(d.staging(), stagingPrefix)
	if err != nil {
		return "", 0, err
	}
	defer func() {
		_ = f.Close()
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	h := NewHasher()
	n, err := io.Copy(io.MultiWriter(f, h), readerContext{ctx, r})
	if err != nil {
		return "", 0, err
	}
	kid := h.KID()
	if want != "" && kid != want {
		return "", 0, &MismatchError{Want: want, Got: kid}
	}
	// A file of another size is a damaged blob, which this one replaces.
	if info, statErr := os.Stat(d.file(kid)); statErr == nil && info.Size() == n {
		_ = os.Remove(f.Name())
		return kid, n, nil
	}
	return kid, n, d.publish(f, kid)
}

// publish makes a staged file durable before its name can be seen.
func (d *Dir) publish(f *os.File, kid KID) error {
	if err := f.Chmod(0o444); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	to := d.file(kid)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), to); err != nil {
		return err
	}
	for _, dir := range []string{filepath.Dir(to), filepath.Dir(filepath.Dir(to)), d.root} {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// Open implements Store. The bytes are not checked again: a reader who cannot
// trust the disk uses ReadAll or a Hasher.
func (d *Dir) Open(ctx context.Context, kid KID) (io.ReadSeekCloser, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	if _, err := Parse(string(kid)); err != nil {
		return nil, 0, fmt.Errorf("keg: open: %w", err)
	}
	f, err := os.Open(d.file(kid))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("keg: open %s in %s: %w", kid.Short(), d.root, ErrNotFound)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("keg: open %s: %w", kid.Short(), err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, 0, fmt.Errorf("keg: open %s: %w", kid.Short(), err)
	}
	return f, info.Size(), nil
}

// Has implements Store.
func (d *Dir) Has(ctx context.Context, kid KID) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if _, err := Parse(string(kid)); err != nil {
		return false, fmt.Errorf("keg: look for a blob: %w", err)
	}
	_, err := os.Stat(d.file(kid))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("keg: look for %s: %w", kid.Short(), err)
	}
	return true, nil
}
