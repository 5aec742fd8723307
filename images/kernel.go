package images

import (
	"fmt"
	"path"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// kernel is a Linux in the form in which its package has it.
type kernel struct {
	pack *pack
	// release is what `uname -r` says.
	release string
	// image is the path of the bootable kernel in the pack, kid its name.
	image string
	kid   keg.KID
	size  int64
	moduleSet
}

// openKernel finds its way in a kernel's package.
func openKernel(p *pack) (*kernel, error) {
	k := &kernel{pack: p, moduleSet: moduleSet{modules: map[string]module{}, builtin: map[string]bool{}}}
	for name, file := range p.index.Files {
		if release, found := strings.CutPrefix(name, "boot/vmlinuz-"); found {
			if k.release != "" {
				return nil, fmt.Errorf("images: package %s holds two kernels, %s and %s", p.index.Control.Package, k.release, release)
			}
			k.release, k.image, k.kid, k.size = release, name, file.KID, file.Size
		}
	}
	if k.release == "" {
		return nil, fmt.Errorf("images: package %s holds no kernel (boot/vmlinuz-…): name a linux-image package", p.index.Control.Package)
	}
	dir := k.modulesDir()[1:] + "/"
	for name, file := range p.index.Files {
		if file.Module != nil && strings.HasPrefix(name, dir) {
			k.modules[nameOfModuleFile(name)] = module{Path: "/" + name, modinfo: *file.Module}
		}
	}
	if _, ok := p.index.Files[dir+"modules.builtin"]; ok {
		b, err := p.read(dir + "modules.builtin")
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(b)) {
			k.builtin[nameOfModuleFile(path.Base(strings.TrimSpace(line)))] = true
		}
	}
	return k, nil
}

// modulesDir is where the modules lie in the image.
func (k *kernel) modulesDir() string { return "/lib/modules/" + k.release }

// supports refuses a compression that this kernel cannot unpack. A package
// without its configuration is given the benefit of the doubt.
func (k *kernel) supports(compression string) error {
	option := map[string]string{CompressionZstd: "CONFIG_RD_ZSTD", CompressionGzip: "CONFIG_RD_GZIP"}[compression]
	name := "boot/config-" + k.release
	if _, ok := k.pack.index.Files[name]; !ok || option == "" {
		return nil
	}
	b, err := k.pack.read(name)
	if err != nil {
		return err
	}
	if !strings.Contains("\n"+string(b), "\n"+option+"=y\n") {
		return Problems{{Path: "compression", Message: fmt.Sprintf("linux %s cannot unpack %s: choose another compression", k.release, compression)}}
	}
	return nil
}
