package images

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// A Debian package is an ar archive of three members: its format version, a
// tar of what describes it, and a tar of its files. See deb(5).
const (
	arMagic      = "!<arch>\n"
	arHeaderSize = 60
	arHeaderEnd  = "`\n"
	controlLimit = 1 << 20
	// zstdWindow bounds what a hostile package can make the decoder allocate.
	zstdWindow = 128 << 20
)

// control says which package a file holds.
type control struct {
	Package, Version, Architecture string
}

// readDeb reads a package from its start to its end. It calls each with every
// regular file, under its path without a leading slash.
func readDeb(r io.Reader, each func(name string, h *tar.Header, r io.Reader) error) (control, error) {
	br := bufio.NewReaderSize(r, 1<<16)
	magic := make([]byte, len(arMagic))
	switch _, err := io.ReadFull(br, magic); {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return control{}, err
	case err != nil || string(magic) != arMagic:
		return control{}, errors.New("this is no Debian package: it is not an ar archive")
	}
	var c control
	for {
		name, body, err := nextMember(br)
		if errors.Is(err, io.EOF) {
			return control{}, errors.New("this Debian package has no data.tar member")
		}
		if err != nil {
			return control{}, fmt.Errorf("read a Debian package: %w", err)
		}
		switch base, _, _ := strings.Cut(name, ".tar"); base {
		case "control":
			c, err = readControl(name, body)
		case "data":
			if c.Package == "" {
				return control{}, errors.New("this Debian package has no control member before its data")
			}
			return c, wrapMember(name, readTar(name, body, each))
		}
		if err != nil {
			return control{}, wrapMember(name, err)
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return control{}, wrapMember(name, err)
		}
	}
}

func wrapMember(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("read %s of a Debian package: %w", name, err)
}

// nextMember returns a member of an ar archive. It has to be read to its end
// before the next one is asked for.
func nextMember(br *bufio.Reader) (string, io.Reader, error) {
	head := make([]byte, arHeaderSize)
	if _, err := io.ReadFull(br, head); err != nil {
		return "", nil, err
	}
	if string(head[58:]) != arHeaderEnd {
		return "", nil, errors.New("a member's header is damaged")
	}
	size, err := strconv.ParseInt(strings.TrimSpace(string(head[48:58])), 10, 64)
	if err != nil || size < 0 {
		return "", nil, fmt.Errorf("a member's size is %q", head[48:58])
	}
	name := strings.TrimSuffix(strings.TrimSpace(string(head[:16])), "/")
	return name, &member{r: br, left: size, odd: size%2 == 1}, nil
}

// member reads one member and the byte that makes its length even.
type member struct {
	r    *bufio.Reader
	left int64
	odd  bool
}

func (m *member) Read(p []byte) (int, error) {
	if m.left == 0 {
		if m.odd {
			m.odd = false
			// The last member's filling may be missing.
			_, _ = m.r.Discard(1)
		}
		return 0, io.EOF
	}
	n, err := m.r.Read(p[:min(int64(len(p)), m.left)])
	m.left -= int64(n)
	return n, noEOF(err)
}

func readControl(name string, r io.Reader) (control, error) {
	var c control
	err := readTar(name, r, func(name string, _ *tar.Header, r io.Reader) error {
		if name != "control" {
			return nil
		}
		b, err := io.ReadAll(io.LimitReader(r, controlLimit))
		if err != nil {
			return err
		}
		s := parseStanza(string(b))
		c = control{Package: s["package"], Version: s["version"], Architecture: s["architecture"]}
		return nil
	})
	if err == nil && (c.Package == "" || c.Version == "") {
		err = errors.New("it does not name the package and its version")
	}
	return c, err
}

func readTar(name string, r io.Reader, each func(string, *tar.Header, io.Reader) error) error {
	plain, err := decompressor(name, r)
	if err != nil {
		return err
	}
	defer plain.Close()
	tr := tar.NewReader(plain)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := each(strings.TrimPrefix(path.Clean("/"+h.Name), "/"), h, tr); err != nil {
			return err
		}
	}
}

// decompressor chooses by the suffix of a file's name.
func decompressor(name string, r io.Reader) (io.ReadCloser, error) {
	switch path.Ext(name) {
	case ".xz":
		x, err := xz.NewReader(bufio.NewReaderSize(r, 1<<16))
		if err != nil {
			return nil, err
		}
		return io.NopCloser(x), nil
	case ".zst":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	case ".gz":
		return gzip.NewReader(r)
	}
	return io.NopCloser(r), nil
}

// parseStanza reads one paragraph of "Key: value" lines, as in Debian's control
// files. Keys come back in lower case; continued lines are joined by newlines.
func parseStanza(text string) map[string]string {
	fields := map[string]string{}
	key := ""
	for line := range strings.Lines(strings.TrimLeft(text, "\n")) {
		line = strings.TrimRight(line, "\r\n \t")
		if line == "" {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			if key != "" {
				fields[key] += "\n" + strings.TrimSpace(line)
			}
			continue
		}
		k, v, found := strings.Cut(line, ":")
		if !found {
			continue
		}
		key = strings.ToLower(strings.TrimSpace(k))
		fields[key] = strings.TrimSpace(v)
	}
	return fields
}
