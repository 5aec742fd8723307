package images

import (
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// File types and special bits of a mode, as Linux numbers them.
const (
	modeType    = 0o170000
	modeDir     = 0o040000
	modeRegular = 0o100000
	modeSymlink = 0o120000
	modeChar    = 0o020000
	modePerm    = 0o007777
)

// The "newc" format of cpio: six bytes of magic, then thirteen numbers of eight
// hex digits. See Documentation/driver-api/early-userspace/buffer-format.rst
// in Linux.
const (
	cpioMagic      = "070701"
	cpioHeaderSize = len(cpioMagic) + 13*8
	cpioTrailer    = "TRAILER!!!"
	cpioNameLimit  = 4096
	cpioBlock      = 512
)

// Entry is a file of an image.
type Entry struct {
	// Path is absolute.
	Path string
	// Mode holds Linux's type and permission bits.
	Mode uint32
	// Major and Minor number a device.
	Major, Minor uint32
	// Data is what is in a file, or where a symbolic link points.
	Data []byte
}

// String returns the entry as ls would, on one line.
func (e Entry) String() string {
	kind := map[uint32]byte{modeDir: 'd', modeRegular: '-', modeSymlink: 'l', modeChar: 'c'}[e.Mode&modeType]
	if kind == 0 {
		kind = '?'
	}
	s := fmt.Sprintf("%c%04o %s", kind, e.Mode&modePerm, e.Path)
	switch e.Mode & modeType {
	case modeSymlink:
		s += " -> " + string(e.Data)
	case modeChar:
		s += fmt.Sprintf(" (%d, %d)", e.Major, e.Minor)
	}
	return s
}

// tree is what goes into one archive. It makes parent directories by itself.
type tree map[string]Entry

// Directories that are not 0755. They are told everywhere, since an archive
// that is unpacked later would else reset them.
var dirModes = map[string]uint32{"/root": 0o700, "/tmp": 0o1777, "/var/tmp": 0o1777}

func (t tree) add(e Entry) {
	t.dir(path.Dir(e.Path))
	t[e.Path] = e
}

func (t tree) dir(p string) {
	for ; p != "/" && p != "."; p = path.Dir(p) {
		if _, there := t[p]; there {
			return
		}
		mode, special := dirModes[p]
		if !special {
			mode = 0o755
		}
		t[p] = Entry{Path: p, Mode: modeDir | mode}
	}
}

func (t tree) file(p string, perm uint32, data []byte) {
	t.add(Entry{Path: p, Mode: modeRegular | perm, Data: data})
}

func (t tree) link(p, target string) {
	t.add(Entry{Path: p, Mode: modeSymlink | 0o777, Data: []byte(target)})
}

// archive returns the tree as a cpio archive that depends on nothing but the
// tree: sorted, owned by root, from the epoch, with inodes counted from 1.
func (t tree) archive() []byte {
	paths := make([]string, 0, len(t))
	size := cpioBlock
	for p, e := range t {
		paths = append(paths, p)
		size += cpioHeaderSize + len(p) + len(e.Data) + 8
	}
	// A parent sorts before what is in it, which is what Linux needs.
	slices.Sort(paths)
	out := make([]byte, 0, size)
	for i, p := range paths {
		out = appendCPIO(out, uint32(i+1), t[p])
	}
	out = appendCPIO(out, 0, Entry{Path: "/" + cpioTrailer})
	return pad(out, cpioBlock)
}

func appendCPIO(out []byte, inode uint32, e Entry) []byte {
	name := strings.TrimPrefix(e.Path, "/")
	links := uint32(1)
	if e.Mode&modeType == modeDir {
		links = 2
	}
	out = append(out, cpioMagic...)
	for _, n := range []uint32{inode, e.Mode, 0, 0, links, 0, uint32(len(e.Data)), 0, 0, e.Major, e.Minor, uint32(len(name) + 1), 0} {
		out = fmt.Appendf(out, "%08x", n)
	}
	out = append(out, name...)
	out = pad(append(out, 0), 4)
	return pad(append(out, e.Data...), 4)
}

func pad(b []byte, to int) []byte {
	for len(b)%to != 0 {
		b = append(b, 0)
	}
	return b
}

// readCPIO calls each for every entry of an archive, up to its trailer.
func readCPIO(r io.Reader, each func(Entry) error) error {
	for {
		e, err := readCPIOEntry(r)
		if err != nil {
			return fmt.Errorf("read a cpio archive: %w", err)
		}
		if e.Path == "/"+cpioTrailer {
			return nil
		}
		if err := each(e); err != nil {
			return err
		}
	}
}

func readCPIOEntry(r io.Reader) (Entry, error) {
	var head [cpioHeaderSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Entry{}, noEOF(err)
	}
	if string(head[:len(cpioMagic)]) != cpioMagic {
		return Entry{}, fmt.Errorf("an entry begins with %q, not %q", head[:len(cpioMagic)], cpioMagic)
	}
	var n [13]uint32
	for i := range n {
		field := string(head[len(cpioMagic)+8*i:][:8])
		v, err := strconv.ParseUint(field, 16, 32)
		if err != nil {
			return Entry{}, fmt.Errorf("field %d is %q, which is no hex number", i, field)
		}
		n[i] = uint32(v)
	}
	size, nameSize := int64(n[6]), int64(n[11])
	if nameSize < 1 || nameSize > cpioNameLimit {
		return Entry{}, fmt.Errorf("a name has %d bytes", nameSize)
	}
	name, err := readPadded(r, nameSize, int64(cpioHeaderSize))
	if err != nil {
		return Entry{}, err
	}
	if name[nameSize-1] != 0 {
		return Entry{}, errors.New("a name does not end in a zero byte")
	}
	data, err := readPadded(r, size, 0)
	if err != nil {
		return Entry{}, err
	}
	return Entry{
		Path: "/" + strings.TrimPrefix(string(name[:nameSize-1]), "/"),
		Mode: n[1], Major: n[9], Minor: n[10], Data: data,
	}, nil
}

// readPadded reads n bytes and what fills them up, with the before bytes ahead
// of them, to a multiple of four. It trusts n only as far as bytes really come.
func readPadded(r io.Reader, n, before int64) ([]byte, error) {
	fill := -(n + before) & 3
	b, err := io.ReadAll(io.LimitReader(r, n+fill))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) < n+fill {
		return nil, io.ErrUnexpectedEOF
	}
	return b[:n:n], nil
}

// noEOF is for places where the end is never expected.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
