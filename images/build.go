package images

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// BuildOptions says where Build works.
type BuildOptions struct {
	// Cache is a directory for packages and for what was made of them. It may
	// be shared by several processes, and be deleted at any time.
	Cache string
	// Keg takes the image.
	Keg keg.Store
	// Progress is told of each step as it begins, one call at a time. It may be nil.
	Progress func(stage string)
}

// Build makes the image that r describes, puts it into the keg, and returns its
// manifest and KID. The same inputs give the same KID. Problems in the recipe
// are of type Problems.
func Build(ctx context.Context, r Recipe, o BuildOptions) (Manifest, keg.KID, error) {
	if err := Validate(r); err != nil {
		return Manifest{}, "", err
	}
	if o.Cache == "" || o.Keg == nil {
		return Manifest{}, "", fmt.Errorf("images: build %s: BuildOptions need a Cache and a Keg", r.Name)
	}
	cache, err := filepath.Abs(o.Cache)
	if err != nil {
		return Manifest{}, "", fmt.Errorf("images: build %s: %w", r.Name, err)
	}
	o.Cache = cache
	b := &builder{recipe: withDefaults(r), options: o}
	b.apt = apt{cache: cache, lists: aptLists, progress: b.progress, run: execute}
	m, kid, err := b.build(ctx)
	if err != nil {
		return Manifest{}, "", fmt.Errorf("images: build %s: %w", r.Name, err)
	}
	return m, kid, nil
}

func withDefaults(r Recipe) Recipe {
	r.Arch = cmp.Or(r.Arch, ArchAMD64)
	r.Linux.Flavour = cmp.Or(r.Linux.Flavour, FlavourCloud)
	r.Linux.Package = cmp.Or(r.Linux.Package, linuxPackages[r.Linux.Flavour])
	r.Busybox.Package = cmp.Or(r.Busybox.Package, "busybox-static")
	r.Compression = cmp.Or(r.Compression, CompressionZstd)
	return r
}

var linuxPackages = map[string]string{FlavourCloud: "linux-image-cloud-amd64", FlavourGeneric: "linux-image-amd64"}

// What tells a package with a kernel or a busybox from a meta package.
var (
	linuxReal   = regexp.MustCompile(`^linux-image-(unsigned-)?[0-9]`)
	busyboxReal = regexp.MustCompile(`^busybox`)
)

// builder is one run of Build.
type builder struct {
	recipe  Recipe
	options BuildOptions
	apt     apt

	mu sync.Mutex // for Progress
}

func (b *builder) progress(stage string) {
	if b.options.Progress == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.options.Progress(stage)
}

func (b *builder) build(ctx context.Context) (Manifest, keg.KID, error) {
	agentd, err := readAgentd(b.recipe.Agentd)
	if err != nil {
		return Manifest{}, "", err
	}
	var (
		linux        *kernel
		busybox      tool
		agentLayer   made
		linuxSource  Source
		g, together  = errgroup.WithContext(ctx)
		agentdKID    = keg.Sum(agentd)
		manifestArgs = mergeArgs(DefaultArgs(b.recipe.Linux.Flavour), b.recipe.Args)
	)
	g.Go(func() (err error) { linux, linuxSource, err = b.linux(together); return err })
	g.Go(func() (err error) { busybox, err = b.busybox(together); return err })
	g.Go(func() (err error) {
		agentLayer, err = b.put(together, layer{name: "agentd", inputs: []string{string(agentdKID)}, make: func() (tree, error) {
			t := tree{}
			t.file("/init", 0o755, agentd)
			return t, nil
		}})
		return err
	})
	if err := g.Wait(); err != nil {
		return Manifest{}, "", err
	}
	order, err := b.order(linux)
	if err != nil {
		return Manifest{}, "", err
	}
	base, err := b.base(ctx, linux, busybox, order)
	if err != nil {
		return Manifest{}, "", err
	}
	m := Manifest{
		Format: ManifestFormat, Name: b.recipe.Name, Arch: b.recipe.Arch,
		Linux: linux.kid, LinuxRelease: linux.release,
		Args: manifestArgs, Agentd: agentdKID, Sources: []Source{linuxSource, busybox.source},
		Modules: moduleNames(order), Size: linux.size,
	}
	layers := []made{base, agentLayer}
	if len(b.recipe.Files) > 0 {
		files, err := b.files(ctx)
		if err != nil {
			return Manifest{}, "", err
		}
		layers = append(layers, files)
	}
	for _, l := range layers {
		m.Initrd = append(m.Initrd, l.KID)
		m.Size += l.Size
	}
	return b.finish(ctx, m, linux)
}

// finish stores the kernel, the configuration and the manifest.
func (b *builder) finish(ctx context.Context, m Manifest, linux *kernel) (Manifest, keg.KID, error) {
	has, err := b.options.Keg.Has(ctx, linux.kid)
	if err != nil {
		return Manifest{}, "", err
	}
	if !has {
		image, err := linux.pack.read(linux.image)
		if err != nil {
			return Manifest{}, "", err
		}
		b.progress(fmt.Sprintf("store linux %s (%s)", linux.release, megabytes(linux.size)))
		if _, _, err := b.options.Keg.Put(ctx, bytes.NewReader(image)); err != nil {
			return Manifest{}, "", err
		}
	}
	if b.recipe.Butane != "" {
		ignition, _, err := TranslateButane(b.recipe.Butane)
		if err != nil {
			return Manifest{}, "", err
		}
		if m.Ignition, _, err = b.options.Keg.Put(ctx, bytes.NewReader(ignition)); err != nil {
			return Manifest{}, "", err
		}
		m.Size += int64(len(ignition))
	}
	encoded, err := m.Encode()
	if err != nil {
		return Manifest{}, "", err
	}
	kid, _, err := b.options.Keg.Put(ctx, bytes.NewReader(encoded))
	return m, kid, err
}

// order lists the modules to load: ours, then the recipe's.
func (b *builder) order(linux *kernel) ([]module, error) {
	defaults := DefaultModules(b.recipe.Linux.Flavour)
	return linux.order(slices.Concat(defaults, b.recipe.Modules), func(i int) string {
		if i < len(defaults) {
			return "linux"
		}
		return fmt.Sprintf("modules[%d]", i-len(defaults))
	})
}

func moduleNames(order []module) []string {
	names := make([]string, len(order))
	for i, m := range order {
		names[i] = nameOfModuleFile(m.Path)
	}
	return names
}

func (b *builder) base(ctx context.Context, linux *kernel, busybox tool, order []module) (made, error) {
	inputs := []string{string(linux.kid), string(busybox.kid)}
	for _, m := range order {
		inputs = append(inputs, m.Path, string(linux.pack.index.Files[m.Path[1:]].KID))
	}
	return b.put(ctx, layer{name: "base", inputs: inputs, make: func() (tree, error) {
		if err := linux.supports(b.recipe.Compression); err != nil {
			return nil, err
		}
		binary, err := busybox.read()
		if err != nil {
			return nil, err
		}
		return baseTree(binary, linux, order)
	}})
}

// files makes the layer of what the recipe adds.
func (b *builder) files(ctx context.Context) (made, error) {
	t := tree{}
	for p, f := range b.recipe.Files {
		data := []byte(f.Content)
		if f.Source != "" {
			var err error
			if data, err = os.ReadFile(f.Source); err != nil {
				return made{}, Problems{{Path: fmt.Sprintf("files[%q].source", p), Message: err.Error()}}
			}
		}
		mode, _ := parseMode(f.Mode)
		t.file(realPath(p), mode, data)
	}
	return b.put(ctx, layer{name: "files", make: func() (tree, error) { return t, nil }})
}

// realPath leads around the links of the base layer, which a directory of the
// same name would replace.
func realPath(p string) string {
	for link := range binLinks {
		if rest, found := strings.CutPrefix(p, link+"/"); found {
			return "/bin/" + rest
		}
	}
	return p
}
