package agentd

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// applyIgnition fetches the host's Ignition config, if there is one, and
// applies it. Which config counts is the identity's to say, since it names it
// by KID; the command line's URL is the way for an opserver that names none.
func (a *agent) applyIgnition(ctx context.Context, id ophub.Identity) error {
	address := a.params.IgnitionURL
	if id.Ignition != "" {
		address = blobURL(id.Keg, id.Ignition)
	}
	if address == "" {
		return nil
	}
	return a.persist(ctx, "ignition", func(ctx context.Context) error {
		b, err := a.fetchSmall(ctx, address, id.Ignition)
		if err != nil {
			return fmt.Errorf("ignition config: %w", err)
		}
		c, err := parseIgnition(b)
		if err != nil {
			return fmt.Errorf("ignition config: %w", err)
		}
		if err := a.writeIgnition(ctx, c); err != nil {
			return fmt.Errorf("ignition config: %w", err)
		}
		a.log.Info("applied the Ignition config", "directories", len(c.Directories), "files", len(c.Files), "links", len(c.Links))
		return nil
	}, a.trouble(ctx, ophub.StageAgent))
}

func (a *agent) writeIgnition(ctx context.Context, c ignition) error {
	if a.applied == nil {
		a.applied = map[string]bool{}
	}
	for _, d := range c.Directories {
		if err := a.writeDirectory(d); err != nil {
			return fmt.Errorf("directory %s: %w", d.Path, err)
		}
	}
	for _, f := range c.Files {
		if err := a.writeFile(ctx, f); err != nil {
			return fmt.Errorf("file %s: %w", f.Path, err)
		}
	}
	for _, l := range c.Links {
		if err := a.writeLink(l); err != nil {
			return fmt.Errorf("link %s: %w", l.Path, err)
		}
	}
	return nil
}

// clear makes way for a node that may overwrite what is there.
func (a *agent) clear(n ignitionNode) error {
	if n.Overwrite != nil && *n.Overwrite {
		if err := os.RemoveAll(a.path(n.Path)); err != nil {
			return err
		}
	}
	return os.MkdirAll(filepath.Dir(a.path(n.Path)), 0o755)
}

func (a *agent) writeDirectory(d ignitionDirectory) error {
	if err := a.clear(d.ignitionNode); err != nil {
		return err
	}
	path := a.path(d.Path)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	return a.finish(path, d.ignitionNode, d.Mode, 0o755)
}

// writeFile puts a file in place at once, so that nobody reads half of it, and
// so that it can be applied again after a failure.
func (a *agent) writeFile(ctx context.Context, f ignitionFile) error {
	if err := a.clear(f.ignitionNode); err != nil {
		return err
	}
	path := a.path(f.Path)
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	data := old
	switch {
	case f.Contents.Source != nil:
		if data, err = a.resource(ctx, f.Contents); err != nil {
			return err
		}
		if old != nil && !bytes.Equal(old, data) {
			return errors.New("it is there with other contents, and overwrite is not set")
		}
	case a.applied[f.Path]:
		return nil // appended before, in an application that failed later
	default:
		for _, r := range f.Append {
			more, err := a.resource(ctx, r)
			if err != nil {
				return err
			}
			data = append(data, more...)
		}
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".ignition-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err := a.finish(tmp.Name(), f.ignitionNode, f.Mode, 0o644); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	a.applied[f.Path] = true
	return nil
}

func (a *agent) writeLink(l ignitionLink) error {
	if err := a.clear(l.ignitionNode); err != nil {
		return err
	}
	path := a.path(l.Path)
	if l.Hard != nil && *l.Hard {
		// One of ours, from an application that failed later, leads to a file
		// that was written anew since.
		if a.applied[l.Path] {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if err := os.Link(a.path(*l.Target), path); err != nil {
			return err
		}
		a.applied[l.Path] = true
		return nil
	}
	err := os.Symlink(*l.Target, path)
	if errors.Is(err, fs.ErrExist) {
		if have, _ := os.Readlink(path); have == *l.Target {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	uid, gid, err := a.owner(l.ignitionNode)
	if err != nil || uid < 0 && gid < 0 {
		return err
	}
	return os.Lchown(path, uid, gid)
}

// finish sets owner and mode, in this order: a change of owner drops setuid.
func (a *agent) finish(path string, n ignitionNode, mode *int, fallback int) error {
	uid, gid, err := a.owner(n)
	if err != nil {
		return err
	}
	if uid >= 0 || gid >= 0 {
		if err := os.Chown(path, uid, gid); err != nil {
			return err
		}
	}
	bits := fallback
	if mode != nil {
		bits = *mode
	}
	return os.Chmod(path, fileMode(bits))
}

// fileMode turns Unix's mode bits into Go's.
func fileMode(bits int) fs.FileMode {
	m := fs.FileMode(bits & 0o777)
	for _, b := range []struct {
		bit  int
		mode fs.FileMode
	}{{0o4000, fs.ModeSetuid}, {0o2000, fs.ModeSetgid}, {0o1000, fs.ModeSticky}} {
		if bits&b.bit != 0 {
			m |= b.mode
		}
	}
	return m
}

// owner resolves a node's user and group against the image's own accounts; -1
// leaves one as it is.
func (a *agent) owner(n ignitionNode) (uid, gid int, err error) {
	uid, err = a.account("/etc/passwd", "user", n.User)
	if err != nil {
		return -1, -1, err
	}
	gid, err = a.account("/etc/group", "group", n.Group)
	return uid, gid, err
}

func (a *agent) account(file, what string, o ignitionOwner) (int, error) {
	if o.ID != nil {
		return *o.ID, nil
	}
	if o.Name == nil || *o.Name == "" {
		return -1, nil
	}
	b, err := os.ReadFile(a.path(file))
	if err != nil {
		return -1, fmt.Errorf("%s %q: %w", what, *o.Name, err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Split(strings.TrimSpace(line), ":"); len(f) > 2 && f[0] == *o.Name {
			return strconv.Atoi(f[2])
		}
	}
	return -1, fmt.Errorf("%s %q is not in the image's %s", what, *o.Name, file)
}

// resource reads what a source gives, unpacked and verified.
func (a *agent) resource(ctx context.Context, r ignitionResource) ([]byte, error) {
	if r.Source == nil || *r.Source == "" {
		return nil, nil
	}
	var data []byte
	var err error
	if rest, ok := strings.CutPrefix(*r.Source, "data:"); ok {
		data, err = decodeDataURL(rest)
	} else {
		data, err = a.fetchSmall(ctx, *r.Source, "")
	}
	if err != nil {
		return nil, err
	}
	if r.Compression != nil && *r.Compression == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if data, err = io.ReadAll(io.LimitReader(z, maxSmall+1)); err != nil {
			return nil, err
		}
		if len(data) > maxSmall {
			return nil, fmt.Errorf("more than %d MiB unpacked", maxSmall>>20)
		}
	}
	if h := r.Verification.Hash; h != nil {
		verify, err := parseVerification(*h)
		if err != nil {
			return nil, err
		}
		if err := verify(data); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// decodeDataURL reads what follows "data:", by RFC 2397.
func decodeDataURL(s string) ([]byte, error) {
	kind, data, ok := strings.Cut(s, ",")
	if !ok {
		return nil, errors.New("data URL without a comma")
	}
	text, err := url.PathUnescape(data)
	if err != nil {
		return nil, fmt.Errorf("data URL: %w", err)
	}
	if !strings.HasSuffix(kind, ";base64") {
		return []byte(text), nil
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("data URL: %w", err)
	}
	return b, nil
}

// parseVerification reads "sha512-HEX" or "sha256-HEX".
func parseVerification(s string) (func([]byte) error, error) {
	kind, digits, _ := strings.Cut(s, "-")
	var h hash.Hash
	switch kind {
	case "sha256":
		h = sha256.New()
	case "sha512":
		h = sha512.New()
	default:
		return nil, fmt.Errorf("hash %q: want sha256-… or sha512-…", shorten(s, maxShown))
	}
	want, err := hex.DecodeString(digits)
	if err != nil || len(want) != h.Size() {
		return nil, fmt.Errorf("hash %q: want %d hexadecimal digits", shorten(s, maxShown), 2*h.Size())
	}
	return func(b []byte) error {
		h.Reset()
		h.Write(b)
		if got := h.Sum(nil); !bytes.Equal(got, want) {
			return fmt.Errorf("contents are %s-%x…, not %s-%x…", kind, got[:6], kind, want[:6])
		}
		return nil
	}, nil
}
