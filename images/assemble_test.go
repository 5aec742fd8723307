package images

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

func TestBuildHoldsWhatTheRecipeSays(t *testing.T) {
	r := fakeRecipe(t, t.TempDir())
	r.Compression = CompressionNone
	r.Modules = []string{"dummy", "af_packet"}
	r.Args = []string{"panic=5", "own=1"}
	r.Files = map[string]File{"/usr/bin/hello": {Content: "#!/bin/sh\necho hello\n", Mode: "0755"}, "/root/.profile": {Content: "alias l=ls\n"}}
	r.Butane = "variant: fcos\nversion: 1.5.0\nstorage:\n  files:\n    - path: /etc/motd\n      contents:\n        inline: hello\n"
	m, kid, d := fakeBuild(t, r)

	encoded, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	shown := m
	shown.Sources = slices.Clone(m.Sources)
	for i := range shown.Sources {
		// How the test compresses its packages is no part of what is tested.
		shown.Sources[i].SHA256 = "…"
	}
	text, err := shown.Encode()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "manifest.json", string(text))
	if kid != keg.Sum(encoded) {
		t.Errorf("the image is called %s, and its manifest is %s", kid, keg.Sum(encoded))
	}
	loaded, err := LoadManifest(t.Context(), d, kid)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := loaded.Encode(); string(again) != string(encoded) {
		t.Errorf("loaded, the manifest is\n%s", again)
	}
	var list strings.Builder
	err = Walk(t.Context(), d, m, func(e Entry) error {
		fmt.Fprintln(&list, e)
		if e.Path == ModulesFile {
			golden(t, "modules", string(e.Data))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "entries", list.String())
	var size int64
	for _, blob := range m.Blobs() {
		f, n, err := d.Open(t.Context(), blob)
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		size += n
	}
	if m.Size != size {
		t.Errorf("Size is %d, and the blobs have %d bytes", m.Size, size)
	}
}

func TestBuildIsDeterministic(t *testing.T) {
	for _, compression := range []string{CompressionZstd, CompressionGzip, CompressionNone} {
		var first keg.KID
		for range 2 {
			// Each time other paths, another cache, another keg.
			r := fakeRecipe(t, t.TempDir())
			r.Compression = compression
			r.Files = map[string]File{"/etc/a": {Content: "a"}, "/etc/b/c": {Content: "c"}, "/opt/z": {Content: "z"}}
			_, kid, _ := fakeBuild(t, r)
			if first == "" {
				first = kid
			}
			if kid != first {
				t.Errorf("%s: two builds gave %s and %s", compression, first, kid)
			}
		}
	}
}

func TestBuildChangesOnlyWhatChanged(t *testing.T) {
	dir := t.TempDir()
	r := fakeRecipe(t, dir)
	d, err := keg.OpenDir(filepath.Join(dir, "keg"))
	if err != nil {
		t.Fatal(err)
	}
	var stages []string
	o := BuildOptions{Cache: filepath.Join(dir, "cache"), Keg: d, Progress: func(s string) { stages = append(stages, s) }}
	before, _, err := Build(t.Context(), r, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(stages) == 0 {
		t.Error("the first build told of no progress")
	}
	stages = nil
	if _, _, err := Build(t.Context(), r, o); err != nil {
		t.Fatal(err)
	}
	if len(stages) > 0 {
		t.Errorf("the second build still did %q", stages)
	}
	if err := os.WriteFile(r.Agentd, fakeProgram("another agentd"), 0o644); err != nil {
		t.Fatal(err)
	}
	after, _, err := Build(t.Context(), r, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(stages) != 1 || !strings.Contains(stages[0], "agentd layer") {
		t.Errorf("another agentd made it do %q", stages)
	}
	if before.Linux != after.Linux || before.Initrd[0] != after.Initrd[0] || before.Initrd[1] == after.Initrd[1] || before.Agentd == after.Agentd {
		t.Errorf("another agentd changed\n%+v to\n%+v", before, after)
	}
	// A keg that has lost everything gets everything again.
	if o.Keg, err = keg.OpenDir(filepath.Join(dir, "second")); err != nil {
		t.Fatal(err)
	}
	m, kid, err := Build(t.Context(), r, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, blob := range append(m.Blobs(), kid) {
		if has, err := o.Keg.Has(t.Context(), blob); err != nil || !has {
			t.Errorf("the new keg lacks %s: %v", blob.Short(), err)
		}
	}
}

func TestBuildRepairsItsCache(t *testing.T) {
	dir := t.TempDir()
	r := fakeRecipe(t, dir)
	d, err := keg.OpenDir(filepath.Join(dir, "keg"))
	if err != nil {
		t.Fatal(err)
	}
	o := BuildOptions{Cache: filepath.Join(dir, "cache"), Keg: d}
	if _, _, err := Build(t.Context(), r, o); err != nil {
		t.Fatal(err)
	}
	indexes, err := filepath.Glob(filepath.Join(o.Cache, "unpacked", "*", "index.json"))
	if err != nil || len(indexes) != 2 {
		t.Fatalf("two packages gave the indexes %q, %v", indexes, err)
	}
	for _, path := range indexes {
		if err := os.WriteFile(path, []byte("{half"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := Build(t.Context(), r, o); err != nil {
		t.Errorf("with a damaged cache: %v", err)
	}
}

func TestBuildsShareACache(t *testing.T) {
	dir := t.TempDir()
	r := fakeRecipe(t, dir)
	d, err := keg.OpenDir(filepath.Join(dir, "keg"))
	if err != nil {
		t.Fatal(err)
	}
	kids := make([]keg.KID, 6)
	var g errgroup.Group
	for i := range kids {
		g.Go(func() (err error) {
			_, kids[i], err = Build(t.Context(), r, BuildOptions{Cache: filepath.Join(dir, "cache"), Keg: d, Progress: func(string) {}})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, kid := range kids {
		if kid != kids[0] {
			t.Errorf("concurrent builds gave %s", kids)
			break
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	noZstd := fakeLinuxFiles()
	noZstd["boot/config-"+fakeRelease] = []byte("# CONFIG_RD_ZSTD is not set\nCONFIG_RD_GZIP=y\n")
	broken := fakeLinuxFiles()
	delete(broken, "lib/modules/"+fakeRelease+"/kernel/drivers/virtio/virtio.ko")
	for name, c := range map[string]struct {
		change func(*Recipe)
		want   string
	}{
		"no agentd":          {func(r *Recipe) { r.Agentd = "" }, "agentd: the path of an agentd binary is needed"},
		"missing agentd":     {func(r *Recipe) { r.Agentd = filepath.Join(dir, "absent") }, "agentd: "},
		"script as agentd":   {func(r *Recipe) { r.Agentd = write("script", []byte("#!/bin/sh\n")) }, "it is no Linux program"},
		"unknown module":     {func(r *Recipe) { r.Modules = []string{"dummy", "virtio_nett"} }, `modules[1]: this kernel has no module "virtio_nett": did you mean "virtio_net"?`},
		"missing deb":        {func(r *Recipe) { r.Linux.Deb = filepath.Join(dir, "absent.deb") }, "linux.deb: "},
		"not a deb":          {func(r *Recipe) { r.Linux.Deb = write("x.deb", []byte("PK\x03\x04")) }, "this is no Debian package"},
		"cut deb":            {func(r *Recipe) { b, _ := os.ReadFile(r.Linux.Deb); r.Linux.Deb = write("cut.deb", b[:len(b)-200]) }, "read data.tar.xz of a Debian package: "},
		"deb of no kernel":   {func(r *Recipe) { r.Linux.Deb = r.Busybox.Deb }, "holds no kernel"},
		"deb of no busybox":  {func(r *Recipe) { r.Busybox.Deb = r.Linux.Deb }, "has no bin/busybox"},
		"small busybox":      {func(r *Recipe) { r.Busybox = Busybox{Path: write("small", fakeBusybox("cat"))} }, `this busybox has no "sh"`},
		"no zstd":            {func(r *Recipe) { r.Linux.Deb = write("nozstd.deb", fakeDeb("linux-image-1", "1", "", noZstd)) }, "compression: linux " + fakeRelease + " cannot unpack zstd"},
		"incomplete modules": {func(r *Recipe) { r.Linux.Deb = write("broken.deb", fakeDeb("linux-image-1", "1", ".gz", broken)) }, "virtio_pci needs virtio, which the package does not have"},
		"missing file":       {func(r *Recipe) { r.Files = map[string]File{"/etc/x": {Source: filepath.Join(dir, "absent")}} }, `files["/etc/x"].source: `},
	} {
		t.Run(name, func(t *testing.T) {
			r := fakeRecipe(t, t.TempDir())
			c.change(&r)
			d, err := keg.OpenDir(filepath.Join(t.TempDir(), "keg"))
			if err != nil {
				t.Fatal(err)
			}
			_, kid, err := Build(t.Context(), r, BuildOptions{Cache: filepath.Join(t.TempDir(), "cache"), Keg: d})
			if err == nil || kid != "" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Build = %q, %v; want an error with %q", kid, err, c.want)
			}
		})
	}
}

func TestBuildStopsWithItsContext(t *testing.T) {
	r := fakeRecipe(t, t.TempDir())
	d, err := keg.OpenDir(filepath.Join(t.TempDir(), "keg"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Build(ctx, r, BuildOptions{Cache: t.TempDir(), Keg: d}); !errors.Is(err, context.Canceled) {
		t.Errorf("Build = %v", err)
	}
}
