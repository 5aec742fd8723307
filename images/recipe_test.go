package images

import (
	"errors"
	"strings"
	"testing"
)

func TestParseRecipe(t *testing.T) {
	for name, src := range map[string]string{
		"yaml": "name: lpd\nlinux:\n  flavour: generic\nmodules: [nfs]\nargs:\n- a=b\nfiles:\n  /etc/motd:\n    content: hello\n    mode: \"0600\"\n",
		"json": `{"name":"lpd","linux":{"flavour":"generic"},"modules":["nfs"],"args":["a=b"],"files":{"/etc/motd":{"content":"hello","mode":"0600"}}}`,
	} {
		r, err := Parse([]byte(src))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r.Name != "lpd" || r.Linux.Flavour != "generic" || r.Modules[0] != "nfs" || r.Args[0] != "a=b" || r.Files["/etc/motd"] != (File{Content: "hello", Mode: "0600"}) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"", "recipe: this is no recipe"},
		{"- a", "recipe: this is no recipe"},
		{"name: [", "recipe: "},
		{"name: lpd\nmodule: [a]", `module:2:1: unknown key; did you mean "modules"?`},
		{"name: lpd\nlinux:\n  flavor: cloud", `linux.flavor:3:3: unknown key; did you mean "flavour"?`},
		{"name: lpd\nfiles:\n  /a:\n    text: x", "files[\"/a\"].text:4:5: unknown key; known are content, source, mode"},
		{"name: lpd\nzebra: 1", "zebra:2:1: unknown key; known are name, arch,"},
		{"name: lpd\nmodules: nfs", "recipe:2:1: cannot unmarshal"},
		{"name: lpd\nname: x", "already defined"},
		{"name: LPD", `name:1:1: "LPD" is not`},
		{"name: lpd\nmodules:\n- nfs\n- a/b.ko\n- nfs", `modules[1]:4:3: "a/b.ko" is not a module's name`},
		{"name: lpd\nmodules:\n- a-b\n- a_b", `modules[1]:4:3: "a_b" is there already, as modules[0]`},
		{"name: lpd\nlinux: {flavour: clod}", `linux.flavour:2:9: "clod" is not one of cloud, generic; did you mean "cloud"?`},
		{"name: lpd\narch: arm64", `arch:2:1: "arm64" is not one of amd64`},
		{"name: lpd\nlinux: {deb: x, version: '1'}", "linux.deb:2:9: a package file is given"},
		{"name: lpd\nlinux: {package: 'a b', version: '$(x)'}", `linux.package:2:9: "a b" is not a Debian package's name`},
		{"name: lpd\nbusybox: {path: x, deb: y}", "busybox.path:2:11: a binary is given"},
		{"name: lpd\ncompression: lzma", `compression:2:1: "lzma" is not one of zstd, gzip, none`},
		{"name: lpd\nargs: ['a b']", "args[0]:2:8: \"a b\": an argument is printable ASCII"},
		{"name: lpd\nargs: ['x=${net0/ip}']", "firmware would change"},
		{"name: lpd\nargs: [cthulix.image=x]", "Cthulix sets cthulix.… itself"},
		{"name: lpd\nargs: [initrd=x]", "Cthulix sets initrd=… itself"},
		{"name: lpd\nargs: ['']", "an argument is empty"},
		{"name: lpd\nargs: [" + strings.Repeat("x", 1300) + "]", "args:2:1: the arguments have 1301 bytes together"},
		{"name: lpd\nfiles: {etc/x: {}}", "is not a clean absolute path"},
		{"name: lpd\nfiles: {/a/../b: {}}", "is not a clean absolute path"},
		{"name: lpd\nfiles: {/init: {}}", "/init is Cthulix's own"},
		{"name: lpd\nfiles: {/usr/sbin/busybox: {}}", "/bin/busybox is Cthulix's own"},
		{"name: lpd\nfiles: {/proc/x: {}}", "/proc is Cthulix's own"},
		{"name: lpd\nfiles: {/sbin: {}}", "/sbin is a directory or a link"},
		{"name: lpd\nfiles: {/var/run/x: {}}", "/var/run is a link"},
		{"name: lpd\nfiles: {/bin/x: {}, /sbin/x: {}}", "this is the same file as \"/bin/x\""},
		{"name: lpd\nfiles: {/a: {}, /a/b: {}}", "\"/a\" is a file, so nothing can be in it"},
		{"name: lpd\nfiles: {/a: {content: x, source: y}}", "files[\"/a\"]:2:9: content and source are both given"},
		{"name: lpd\nfiles: {/a: {mode: '999'}}", "files[\"/a\"].mode:2:14: \"999\" is no mode"},
		{"name: lpd\nbutane: |\n  variant: fcos\n  version: 1.5.0\n  storge: {}", "butane:3:1: storge: unknown key, which Ignition would ignore"},
	} {
		_, err := Parse([]byte(c.src))
		var problems Problems
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q:\n got %v\nwant %s", c.src, err, c.want)
		}
	}
}

func TestMergeArgs(t *testing.T) {
	for _, c := range []struct{ flavour, args, want string }{
		{FlavourGeneric, "", "console=ttyS0,115200 quiet panic=10"},
		{FlavourGeneric, "own=1", "console=ttyS0,115200 quiet panic=10 own=1"},
		{FlavourGeneric, "console=tty0 panic=0", "quiet console=tty0 panic=0"},
		{FlavourGeneric, "loglevel=7", "console=ttyS0,115200 panic=10 loglevel=7"},
		{FlavourCloud, "own=1", "console=ttyS0,115200 quiet panic=10 no_timer_check own=1"},
	} {
		if got := strings.Join(mergeArgs(DefaultArgs(c.flavour), strings.Fields(c.args)), " "); got != c.want {
			t.Errorf("%q: %s, want %s", c.args, got, c.want)
		}
	}
}
