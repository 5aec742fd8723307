package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeApt answers as Debian's tools do, out of a table, and notes what it was
// asked.
type fakeApt struct {
	shows map[string]string
	deb   []byte
	asked []string
}

func (f *fakeApt) run(_ context.Context, dir, name string, args ...string) ([]byte, error) {
	f.asked = append(f.asked, name+" "+strings.Join(args, " "))
	what := args[len(args)-1]
	if name == "apt-get" {
		return nil, os.WriteFile(filepath.Join(dir, "p.deb"), f.deb, 0o644)
	}
	if text, ok := f.shows[what]; ok {
		return []byte(text), nil
	}
	return nil, errors.New("apt-cache: exit status 100: E: No packages found")
}

func (f *fakeApt) apt(t *testing.T) apt {
	t.Helper()
	lists := t.TempDir()
	if err := os.WriteFile(filepath.Join(lists, "archive_main_binary-amd64_Packages.lz4"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return apt{cache: t.TempDir(), lists: lists, progress: func(string) {}, run: f.run}
}

func stanza(name, version, depends string, deb []byte) string {
	sum := sha256.Sum256(deb)
	s := "Package: " + name + "\nVersion: " + version + "\nArchitecture: amd64\nSize: 12\nSHA256: " + hex.EncodeToString(sum[:]) + "\n"
	if depends != "" {
		s += "Depends: " + depends + "\n"
	}
	return s + "Description: a\n b\n\nPackage: another\nVersion: 0\n"
}

func TestAptFollowsTheMetaPackage(t *testing.T) {
	deb := []byte("a package")
	f := &fakeApt{deb: deb, shows: map[string]string{
		"linux-image-cloud-amd64:amd64":                 stanza("linux-image-cloud-amd64", "6.1.2-1", "linux-image-6.1.0-2-cloud-amd64 (= 6.1.2-1), x | y", deb),
		"linux-image-6.1.0-2-cloud-amd64:amd64=6.1.2-1": stanza("linux-image-6.1.0-2-cloud-amd64", "6.1.2-1", "kmod", deb),
		"busybox-static:amd64":                          stanza("busybox-static", "1:1.35", "", deb),
		"linux-image-loop:amd64":                        stanza("linux-image-loop", "1", "kmod", deb),
		"linux-image-unhashed:amd64":                    "Package: linux-image-unhashed\nVersion: 1\n",
	}}
	a := f.apt(t)
	p, err := a.resolve(t.Context(), "linux-image-cloud-amd64", "", ArchAMD64, linuxReal)
	if err != nil || p.Name != "linux-image-6.1.0-2-cloud-amd64" || p.Version != "6.1.2-1" {
		t.Fatalf("resolve = %+v, %v", p, err)
	}
	n := len(f.asked)
	if again, err := a.resolve(t.Context(), "linux-image-cloud-amd64", "", ArchAMD64, linuxReal); err != nil || again != p || len(f.asked) != n {
		t.Errorf("asked again, with the same lists: %+v, %v, %q", again, err, f.asked[n:])
	}
	if err := os.WriteFile(filepath.Join(a.lists, "archive_main_binary-amd64_Packages.lz4"), []byte("newer"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := a.resolve(t.Context(), "linux-image-cloud-amd64", "", ArchAMD64, linuxReal); err != nil || len(f.asked) == n {
		t.Errorf("newer lists were not asked: %v", err)
	}
	path, err := a.file(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != string(deb) {
		t.Errorf("the file holds %q, %v", b, err)
	}
	// Now that the file is here, the pinned version takes no apt at all.
	n = len(f.asked)
	offline, err := a.resolve(t.Context(), p.Name, p.Version, ArchAMD64, linuxReal)
	if err != nil || offline.SHA256 != p.SHA256 {
		t.Errorf("pinned: %+v, %v", offline, err)
	}
	if again, err := a.file(t.Context(), offline); err != nil || again != path || len(f.asked) != n {
		t.Errorf("pinned: %s, %v, asked %q", again, err, f.asked[n:])
	}
	for name, want := range map[string]string{
		"linux-image-loop":     "is not what is needed",
		"linux-image-unhashed": "no package with a version and a SHA256",
		"linux-image-absent":   "No packages found: if the package is new, run `sudo apt-get update`",
	} {
		if _, err := a.resolve(t.Context(), name, "", ArchAMD64, linuxReal); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", name, err, want)
		}
	}
}

func TestAptRefusesAnotherFile(t *testing.T) {
	f := &fakeApt{deb: []byte("swapped")}
	a := f.apt(t)
	p := debPackage{Name: "p", Version: "1:2", Arch: ArchAMD64, SHA256: strings.Repeat("0", 64)}
	if _, err := a.file(t.Context(), p); err == nil || !strings.Contains(err.Error(), "apt's lists say 000") {
		t.Errorf("a swapped file: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(a.cache, "debs"))
	if err != nil || len(left) != 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}

func TestAptAdvisesWithoutLists(t *testing.T) {
	f := &fakeApt{}
	a := f.apt(t)
	a.lists = t.TempDir()
	if _, err := a.resolve(t.Context(), "busybox-static", "", ArchAMD64, busyboxReal); err == nil || !strings.Contains(err.Error(), "package lists are missing here. Run `sudo apt-get update`") {
		t.Errorf("resolve = %v", err)
	}
}

func TestExecute(t *testing.T) {
	if _, err := execute(t.Context(), "", "no-such-tool-anywhere"); err == nil || !strings.Contains(err.Error(), "not installed") {
		t.Errorf("a missing tool: %v", err)
	}
	_, err := execute(t.Context(), "", "sh", "-c", "echo one >&2; echo; echo two >&2; exit 3")
	if err == nil || err.Error() != "sh: exit status 3: one; two" {
		t.Errorf("a failing tool: %v", err)
	}
	out, err := execute(t.Context(), "/", "sh", "-c", "pwd; echo $LC_ALL")
	if err != nil || string(out) != "/\nC\n" {
		t.Errorf("%q, %v", out, err)
	}
}
