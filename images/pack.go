package images

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// packFormat is part of a pack's place in the cache: a pack of another format
// is simply not found.
const packFormat = 1

// A pack is what an image may need of a Debian package, in a form that gives
// one file in no time: the package's own xz takes seconds to get through. It is
// a directory with an index and all files behind each other, each a zstd frame.
type pack struct {
	dir   string
	index packIndex
}

type packIndex struct {
	Control control             `json:"control"`
	Files   map[string]packFile `json:"files"`
}

type packFile struct {
	Offset int64   `json:"offset"`
	Length int64   `json:"length"`
	Size   int64   `json:"size"`
	KID    keg.KID `json:"kid"`
	// Module is there for kernel modules.
	Module *modinfo `json:"module,omitempty"`
}

// The limits are several times what the largest kernel package has.
const (
	packFileLimit = 512 << 20
	packLimit     = 4 << 30
)

// openPack returns the pack of the package file deb, whose SHA-256 is sum, and
// makes it first if the cache does not have it. The file is not touched if it
// does.
func openPack(ctx context.Context, cache, sum, deb string, progress func(string)) (*pack, error) {
	dir := packDir(cache, sum)
	p, err := loadPack(dir)
	if err == nil {
		return p, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		// Half a cache is worth nothing, and costs only time.
		if err := os.RemoveAll(dir); err != nil {
			return nil, fmt.Errorf("images: clear a damaged cache: %w", err)
		}
	}
	progress("unpack " + filepath.Base(deb))
	if err := makePack(ctx, dir, deb); err != nil {
		return nil, fmt.Errorf("images: unpack %s: %w", deb, err)
	}
	return loadPack(dir)
}

func packDir(cache, sum string) string {
	return filepath.Join(cache, "unpacked", fmt.Sprintf("%s-%d", sum, packFormat))
}

func loadPack(dir string) (*pack, error) {
	b, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		return nil, err
	}
	p := &pack{dir: dir}
	if err := json.Unmarshal(b, &p.index); err != nil {
		return nil, fmt.Errorf("images: read the cache in %s: %w", dir, err)
	}
	return p, nil
}

// makePack appears under its name whole: another process may be making the same.
func makePack(ctx context.Context, dir, deb string) (err error) {
	f, err := os.Open(deb)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	staging, err := os.MkdirTemp(filepath.Dir(dir), "staging-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(staging)
	index, err := writePack(filepath.Join(staging, "files"), contextReader{ctx, f})
	if err != nil {
		return err
	}
	b, err := json.Marshal(index)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(staging, "index.json"), b, 0o644); err != nil {
		return err
	}
	err = os.Rename(staging, dir)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

func writePack(to string, deb io.Reader) (packIndex, error) {
	out, err := os.Create(to)
	if err != nil {
		return packIndex{}, err
	}
	defer out.Close()
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return packIndex{}, err
	}
	index := packIndex{Files: map[string]packFile{}}
	var offset, total int64
	index.Control, err = readDeb(deb, func(name string, _ *tar.Header, r io.Reader) error {
		name = strings.TrimPrefix(name, "usr/")
		if !packed(name) {
			return nil
		}
		b, err := io.ReadAll(io.LimitReader(r, packFileLimit+1))
		if err != nil {
			return err
		}
		if total += int64(len(b)); len(b) > packFileLimit || total > packLimit {
			return fmt.Errorf("%s: the package is far larger than any kernel's", name)
		}
		file := packFile{Offset: offset}
		if b, name, err = plainModule(b, name); err != nil {
			return err
		}
		if nameOfModuleFile(name) != "" {
			m, err := readModinfo(b)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			file.Module = &m
		}
		frame := enc.EncodeAll(b, nil)
		file.Length, file.Size, file.KID = int64(len(frame)), int64(len(b)), keg.Sum(b)
		index.Files[name] = file
		offset += file.Length
		_, err = out.Write(frame)
		return err
	})
	if err != nil {
		return packIndex{}, err
	}
	return index, out.Close()
}

// packed reports whether a file of a package can go into an image.
func packed(name string) bool {
	return name == "bin/busybox" || strings.HasPrefix(name, "boot/vmlinuz-") || strings.HasPrefix(name, "boot/config-") ||
		strings.HasPrefix(name, "lib/modules/") && (nameOfModuleFile(name) != "" || path.Base(name) == "modules.builtin")
}

// plainModule decompresses a module that its package has compressed: Linux
// takes the plain file from anyone, and the archive compresses better.
func plainModule(b []byte, name string) ([]byte, string, error) {
	ext := path.Ext(name)
	if nameOfModuleFile(name) == "" || ext == ".ko" {
		return b, name, nil
	}
	r, err := decompressor(name, strings.NewReader(string(b)))
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", name, err)
	}
	defer r.Close()
	plain, err := io.ReadAll(io.LimitReader(r, packFileLimit))
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", name, err)
	}
	return plain, strings.TrimSuffix(name, ext), nil
}

// read returns the content of one file. Whatever is wrong with the cache's
// bytes is an error here, since each file has its KID.
func (p *pack) read(name string) ([]byte, error) {
	file, ok := p.index.Files[name]
	if !ok {
		return nil, fmt.Errorf("images: package %s has no %s", p.index.Control.Package, name)
	}
	f, err := os.Open(filepath.Join(p.dir, "files"))
	if err != nil {
		return nil, fmt.Errorf("images: read the cache: %w", err)
	}
	defer f.Close()
	dec, err := zstd.NewReader(io.NewSectionReader(f, file.Offset, file.Length), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
	if err != nil {
		return nil, fmt.Errorf("images: read the cache: %w", err)
	}
	defer dec.Close()
	b, err := io.ReadAll(io.LimitReader(dec, packFileLimit+1))
	if err == nil && keg.Sum(b) != file.KID {
		err = errors.New("the bytes are not those that were stored")
	}
	if err != nil {
		return nil, fmt.Errorf("images: read %s from %s: %w: delete that directory and build again", name, p.dir, err)
	}
	return b, nil
}

// contextReader makes reads end once ctx does.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
