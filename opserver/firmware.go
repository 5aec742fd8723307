package opserver

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"
)

// maxFirmware bounds what is read into memory for one boot program.
const maxFirmware = 8 << 20

// firmware are the network boot programs, kept in memory once read: a rack that powers on asks for the same one at
// the same time.
type firmware struct {
	files fs.FS

	mu   sync.Mutex
	read map[string]firmwareFile
}

type firmwareFile struct {
	data     []byte
	modified time.Time
}

// open returns a program's bytes, which nobody may change. Its name may start with a slash, as some firmware has it;
// it names a file at the top of the directory and nothing below or above.
func (f *firmware) open(name string) (firmwareFile, error) {
	name = strings.TrimPrefix(name, "/")
	if !fs.ValidPath(name) || path.Base(name) != name || name == "." {
		return firmwareFile{}, fmt.Errorf("boot program %q: %w", clip(name, 64), fs.ErrNotExist)
	}
	info, err := fs.Stat(f.files, name)
	if err != nil {
		return firmwareFile{}, fmt.Errorf("boot program: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFirmware {
		return firmwareFile{}, fmt.Errorf("boot program %q is no file of up to %d MiB: %w", name, maxFirmware>>20, fs.ErrNotExist)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if file, ok := f.read[name]; ok && file.modified.Equal(info.ModTime()) && int64(len(file.data)) == info.Size() {
		return file, nil
	}
	data, err := fs.ReadFile(f.files, name)
	if err != nil {
		return firmwareFile{}, fmt.Errorf("boot program: %w", err)
	}
	if f.read == nil {
		f.read = map[string]firmwareFile{}
	}
	file := firmwareFile{data: data, modified: info.ModTime()}
	f.read[name] = file
	return file, nil
}
