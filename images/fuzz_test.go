package images

import (
	"archive/tar"
	"bytes"
	"io"
	"testing"
)

// What comes from outside may be anything. It is an error or it is read, and it
// is never a panic, an endless loop or a fortune in memory.

func FuzzReadDeb(f *testing.F) {
	for _, ext := range []string{"", ".gz", ".xz", ".zst"} {
		f.Add(fakeDeb("p", "1", ext, map[string][]byte{"bin/busybox": []byte("b")}))
	}
	f.Add([]byte(arMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		files := 0
		c, err := readDeb(bytes.NewReader(b), func(name string, _ *tar.Header, r io.Reader) error {
			files++
			_, err := io.Copy(io.Discard, io.LimitReader(r, 1<<20))
			return err
		})
		if err == nil && (c.Package == "" || c.Version == "") {
			t.Errorf("a package without a name was read, with %d files", files)
		}
	})
}

func FuzzReadCPIO(f *testing.F) {
	t := tree{}
	t.file("/etc/x", 0o644, []byte("x"))
	t.link("/bin/sh", "busybox")
	t.add(Entry{Path: "/dev/null", Mode: modeChar | 0o666, Major: 1, Minor: 3})
	f.Add(t.archive())
	f.Add([]byte(cpioMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		var entries []Entry
		err := readCPIO(bytes.NewReader(b), func(e Entry) error {
			entries = append(entries, e)
			_ = e.String()
			return nil
		})
		if err != nil {
			return
		}
		// What was read can be written and read again.
		var out []byte
		for i, e := range entries {
			out = appendCPIO(out, uint32(i), e)
		}
		out = appendCPIO(out, 0, Entry{Path: "/" + cpioTrailer})
		n := 0
		err = readCPIO(bytes.NewReader(out), func(e Entry) error {
			if e.Path != entries[n].Path || e.Mode != entries[n].Mode || !bytes.Equal(e.Data, entries[n].Data) {
				t.Errorf("entry %d was %v and is %v", n, entries[n], e)
			}
			n++
			return nil
		})
		if err != nil || n != len(entries) {
			t.Errorf("%d entries became %d, %v", len(entries), n, err)
		}
	})
}

func FuzzReadModinfo(f *testing.F) {
	f.Add(fakeModule("depends=a,b", "softdep=pre: c post: d"))
	f.Add(fakeProgram(""))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := readModinfo(b)
		if err != nil {
			return
		}
		for _, names := range [][]string{m.Depends, m.Pre, m.Post} {
			for _, n := range names {
				if n == "" {
					t.Errorf("a module without a name: %+v", m)
				}
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("name: lpd\nlinux: {flavour: cloud}\nmodules: [nfs]\nfiles:\n  /etc/motd: {content: hello}\n"))
	f.Add([]byte(`{"name": "lpd", "args": ["a=b"], "butane": "variant: fcos\nversion: 1.5.0\n"}`))
	f.Add([]byte("name: &a lpd\nargs: [*a]\nlinux: {<<: {deb: x}}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b)
		if err != nil {
			_ = err.Error()
			return
		}
		if err := Validate(r); err != nil {
			t.Errorf("Parse took what Validate refuses: %v", err)
		}
	})
}
