package images

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// tool is a binary that goes into the image, read when it is needed.
type tool struct {
	source Source
	kid    keg.KID
	read   func() ([]byte, error)
}

// linux finds the kernel that the recipe names.
func (b *builder) linux(ctx context.Context) (*kernel, Source, error) {
	l := b.recipe.Linux
	p, sum, err := b.openPackage(ctx, "linux.deb", l.Deb, func() (debPackage, error) {
		return b.apt.resolve(ctx, l.Package, l.Version, b.recipe.Arch, linuxReal)
	})
	if err != nil {
		return nil, Source{}, err
	}
	k, err := openKernel(p)
	return k, sourceOf(p, sum), err
}

// busybox finds the tools that the recipe names.
func (b *builder) busybox(ctx context.Context) (tool, error) {
	box := b.recipe.Busybox
	if box.Path != "" {
		binary, err := readStatic("busybox.path", box.Path)
		if err != nil {
			return tool{}, err
		}
		kid := keg.Sum(binary)
		return tool{Source{Name: "busybox", SHA256: kid.Hex()}, kid, func() ([]byte, error) { return binary, nil }}, nil
	}
	p, sum, err := b.openPackage(ctx, "busybox.deb", box.Deb, func() (debPackage, error) {
		return b.apt.resolve(ctx, box.Package, box.Version, b.recipe.Arch, busyboxReal)
	})
	if err != nil {
		return tool{}, err
	}
	const name = "bin/busybox"
	file, ok := p.index.Files[name]
	if !ok {
		return tool{}, fmt.Errorf("images: package %s has no %s: name one with a static busybox", p.index.Control.Package, name)
	}
	read := func() ([]byte, error) {
		binary, err := p.read(name)
		if err == nil {
			err = checkStatic(binary)
		}
		if err != nil {
			return nil, fmt.Errorf("images: busybox of package %s: %w", p.index.Control.Package, err)
		}
		return binary, nil
	}
	return tool{sourceOf(p, sum), file.KID, read}, nil
}

// openPackage opens the package file at path, or the one that resolve finds.
func (b *builder) openPackage(ctx context.Context, field, path string, resolve func() (debPackage, error)) (*pack, string, error) {
	if path != "" {
		sum, _, err := fileSum(path)
		if err != nil {
			return nil, "", Problems{{Path: field, Message: err.Error()}}
		}
		p, err := openPack(ctx, b.options.Cache, sum, path, b.progress)
		if err != nil {
			return nil, "", err
		}
		if got := p.index.Control.Architecture; got != b.recipe.Arch {
			return nil, "", Problems{{Path: field, Message: fmt.Sprintf("%s is for %s, and the image for %s", filepath.Base(path), got, b.recipe.Arch)}}
		}
		return p, sum, nil
	}
	found, err := resolve()
	if err != nil {
		return nil, "", err
	}
	// A pack that is there spares even the download.
	if p, err := loadPack(packDir(b.options.Cache, found.SHA256)); err == nil {
		return p, found.SHA256, nil
	}
	deb, err := b.apt.file(ctx, found)
	if err != nil {
		return nil, "", err
	}
	p, err := openPack(ctx, b.options.Cache, found.SHA256, deb, b.progress)
	return p, found.SHA256, err
}

func sourceOf(p *pack, sum string) Source {
	return Source{Name: p.index.Control.Package, Version: p.index.Control.Version, SHA256: sum}
}

func readAgentd(path string) ([]byte, error) {
	if path == "" {
		return nil, Problems{{Path: "agentd", Message: "the path of an agentd binary is needed"}}
	}
	return readStatic("agentd", path)
}

func readStatic(field, path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err == nil {
		err = checkStatic(b)
	}
	if err != nil {
		return nil, Problems{{Path: field, Message: fmt.Sprintf("%s cannot run in the image: %v", path, err)}}
	}
	return b, nil
}

// checkStatic refuses what would not start in an image that has no libraries.
func checkStatic(b []byte) error {
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		return errors.New("it is no Linux program")
	}
	if f.Machine != elf.EM_X86_64 || f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return fmt.Errorf("it is no x86-64 program but %s, %s", f.Machine, f.Type)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("it is dynamically linked: build it with CGO_ENABLED=0")
		}
	}
	return nil
}
