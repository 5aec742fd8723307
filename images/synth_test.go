package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file that a person has read.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s has changed; read the difference, then run the test with -update.\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

// The packages that the tests build images of are made here, so that golden
// files do not change with Debian's.

const fakeRelease = "6.1.0-1-cloud-amd64"

// fakeProgram is the least that passes for a static x86-64 program.
func fakeProgram(content string) []byte {
	var b bytes.Buffer
	h := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: 1, Ehsize: 64, Phentsize: 56, Shentsize: 64}
	copy(h.Ident[:], elf.ELFMAG+"\x02\x01\x01")
	must(binary.Write(&b, binary.LittleEndian, h))
	b.WriteString(content)
	return b.Bytes()
}

// fakeBusybox has a table of applets as the real one does.
func fakeBusybox(names ...string) []byte {
	return fakeProgram("\x00" + strings.Join(names, "\x00") + "\x00")
}

// fakeModule is an object file with a .modinfo of the given lines.
func fakeModule(info ...string) []byte {
	modinfo := strings.Join(info, "\x00") + "\x00"
	const names = "\x00.modinfo\x00.shstrtab\x00"
	var b bytes.Buffer
	h := elf.Header64{
		Type: uint16(elf.ET_REL), Machine: uint16(elf.EM_X86_64), Version: 1, Ehsize: 64, Shentsize: 64, Shnum: 3, Shstrndx: 2,
		Shoff: uint64(64 + len(modinfo) + len(names)),
	}
	copy(h.Ident[:], elf.ELFMAG+"\x02\x01\x01")
	must(binary.Write(&b, binary.LittleEndian, h))
	b.WriteString(modinfo + names)
	for _, s := range []elf.Section64{
		{},
		{Name: 1, Type: uint32(elf.SHT_PROGBITS), Off: 64, Size: uint64(len(modinfo))},
		{Name: 10, Type: uint32(elf.SHT_STRTAB), Off: uint64(64 + len(modinfo)), Size: uint64(len(names))},
	} {
		must(binary.Write(&b, binary.LittleEndian, s))
	}
	return b.Bytes()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// fakeDeb is a package whose members are compressed as ext says.
func fakeDeb(name, version, ext string, files map[string][]byte) []byte {
	controlText := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: amd64\nDescription: made by a test\n of nothing\n", name, version)
	var b bytes.Buffer
	b.WriteString(arMagic)
	for _, m := range []struct {
		name string
		data []byte
	}{
		{"debian-binary", []byte("2.0\n")},
		{"control.tar" + ext, squeeze(ext, fakeTar(map[string][]byte{"control": []byte(controlText)}))},
		{"data.tar" + ext, squeeze(ext, fakeTar(files))},
	} {
		fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8s%-10d%s", m.name, 0, 0, 0, "100644", len(m.data), arHeaderEnd)
		b.Write(m.data)
		if len(m.data)%2 == 1 {
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

func fakeTar(files map[string][]byte) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	must(w.WriteHeader(&tar.Header{Name: "./", Typeflag: tar.TypeDir, Mode: 0o755}))
	for _, name := range slices.Sorted(maps.Keys(files)) {
		must(w.WriteHeader(&tar.Header{Name: "./" + name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(files[name]))}))
		_, err := w.Write(files[name])
		must(err)
	}
	must(w.Close())
	return b.Bytes()
}

func squeeze(ext string, b []byte) []byte {
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch ext {
	case ".xz":
		w, err = xz.NewWriter(&out)
	case ".zst":
		w, err = zstd.NewWriter(&out)
	case ".gz":
		w = gzip.NewWriter(&out)
	default:
		return b
	}
	must(err)
	_, err = w.Write(b)
	must(err)
	must(w.Close())
	return out.Bytes()
}

// fakeLinuxFiles is what a kernel package holds: modules of which some depend
// on others, some are compressed, and one is built in.
func fakeLinuxFiles() map[string][]byte {
	dir := "lib/modules/" + fakeRelease + "/"
	net := dir + "kernel/drivers/net/"
	virtio := dir + "kernel/drivers/virtio/"
	return map[string][]byte{
		"boot/vmlinuz-" + fakeRelease: []byte("a kernel"),
		"boot/config-" + fakeRelease:  []byte("CONFIG_RD_GZIP=y\n# CONFIG_RD_LZ4 is not set\nCONFIG_RD_ZSTD=y\n"),
		"usr/share/doc/x":             []byte("left out"),
		dir + "modules.builtin":       []byte("kernel/net/packet/af_packet.ko\n"),
		virtio + "virtio.ko":          fakeModule("depends=", "license=GPL"),
		virtio + "virtio_ring.ko.xz":  squeeze(".xz", fakeModule("depends=")),
		virtio + "virtio_pci.ko":      fakeModule("depends=virtio,virtio_ring"),
		net + "failover.ko.zst":       squeeze(".zst", fakeModule("depends=")),
		net + "virtio_net.ko":         fakeModule("depends=virtio,virtio-ring,failover", "softdep=pre: absent post: late-one"),
		net + "late-one.ko":           fakeModule("depends="),
		net + "dummy.ko":              fakeModule("depends=af_packet"),
		dir + "kernel/virtio-rng.ko":  fakeModule("depends=virtio"),
		dir + "kernel/button.ko":      fakeModule("depends="),
	}
}

// fakeRecipe writes packages and a program into dir and names them.
func fakeRecipe(t testing.TB, dir string) Recipe {
	t.Helper()
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return Recipe{
		Name:    "lpd",
		Linux:   Linux{Deb: put("linux.deb", fakeDeb("linux-image-"+fakeRelease, "6.1.1-1", ".xz", fakeLinuxFiles()))},
		Busybox: Busybox{Deb: put("busybox.deb", fakeDeb("busybox-static", "1:1.0-1", ".zst", map[string][]byte{"usr/bin/busybox": fakeBusybox(slices.Concat(neededApplets, []string{"grep", "telnetd"})...)}))},
		Agentd:  put("agentd", fakeProgram("agentd")),
	}
}

// fakeBuild builds with a cache and a keg of its own.
func fakeBuild(t *testing.T, r Recipe) (Manifest, keg.KID, *keg.Dir) {
	t.Helper()
	d, err := keg.OpenDir(filepath.Join(t.TempDir(), "keg"))
	if err != nil {
		t.Fatal(err)
	}
	m, kid, err := Build(t.Context(), r, BuildOptions{Cache: filepath.Join(t.TempDir(), "cache"), Keg: d})
	if err != nil {
		t.Fatal(err)
	}
	return m, kid, d
}
