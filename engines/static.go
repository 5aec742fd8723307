package engines

import (
	"debug/elf"
	"fmt"
)

// Static reports whether the ELF file at path runs without a dynamic loader,
// which is what a host without a C library can run.
func Static(path string) (bool, error) {
	f, err := elf.Open(path)
	if err != nil {
		return false, fmt.Errorf("read %s as an ELF executable: %w", path, err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return false, nil
		}
	}
	return true, nil
}
