package iossim

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Flash is the switch's permanent memory; it holds "startup-config" and
// "vlan.dat". ReadFile and Remove of a missing file return an error that is
// fs.ErrNotExist.
type Flash interface {
	ReadFile(name string) ([]byte, error)
	WriteFile(name string, data []byte) error
	Remove(name string) error
}

const (
	startupFile  = "startup-config"
	databaseFile = "vlan.dat"
)

// memoryFlash lasts as long as the process.
type memoryFlash struct {
	mu    sync.Mutex
	files map[string][]byte
}

func (m *memoryFlash) ReadFile(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.files[name]
	if !ok {
		return nil, fmt.Errorf("read %s: %w", name, fs.ErrNotExist)
	}
	return data, nil
}

func (m *memoryFlash) WriteFile(name string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.files == nil {
		m.files = map[string][]byte{}
	}
	m.files[name] = data
	return nil
}

func (m *memoryFlash) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.files[name]; !ok {
		return fmt.Errorf("remove %s: %w", name, fs.ErrNotExist)
	}
	delete(m.files, name)
	return nil
}

// DirFlash keeps a switch's flash in a directory, which must exist. Files are
// replaced whole, so that a switch that is killed keeps the old or the new one.
func DirFlash(dir string) Flash { return dirFlash(dir) }

type dirFlash string

func (d dirFlash) ReadFile(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(d), name))
}

func (d dirFlash) Remove(name string) error { return os.Remove(filepath.Join(string(d), name)) }

func (d dirFlash) WriteFile(name string, data []byte) error {
	tmp, err := os.CreateTemp(string(d), name+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(data); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), filepath.Join(string(d), name))
}
