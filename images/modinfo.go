package images

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"strings"
)

// modinfo is what a kernel module says of itself that matters for loading it.
type modinfo struct {
	// Depends must be loaded before it.
	Depends []string `json:"depends,omitempty"`
	// Pre and Post had better be loaded before and after it, if they are there.
	Pre  []string `json:"pre,omitempty"`
	Post []string `json:"post,omitempty"`
}

// readModinfo reads the .modinfo section of a module's ELF file.
func readModinfo(ko []byte) (modinfo, error) {
	f, err := elf.NewFile(bytes.NewReader(ko))
	if err != nil {
		return modinfo{}, fmt.Errorf("read a kernel module: %w", err)
	}
	s := f.Section(".modinfo")
	if s == nil {
		return modinfo{}, errors.New("read a kernel module: it has no .modinfo section")
	}
	b, err := s.Data()
	if err != nil {
		return modinfo{}, fmt.Errorf("read a kernel module's .modinfo: %w", err)
	}
	return parseModinfo(string(b)), nil
}

// parseModinfo reads "key=value" strings that are parted by zero bytes.
func parseModinfo(section string) modinfo {
	var m modinfo
	for field := range strings.SplitSeq(section, "\x00") {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "depends":
			for name := range strings.SplitSeq(value, ",") {
				if name = moduleName(strings.TrimSpace(name)); name != "" {
					m.Depends = append(m.Depends, name)
				}
			}
		case "softdep":
			m.addSoftdep(value)
		}
	}
	return m
}

// addSoftdep reads "pre: a b post: c".
func (m *modinfo) addSoftdep(value string) {
	var into *[]string
	for word := range strings.FieldsSeq(value) {
		switch {
		case word == "pre:":
			into = &m.Pre
		case word == "post:":
			into = &m.Post
		case into != nil:
			*into = append(*into, moduleName(word))
		}
	}
}

// moduleName writes a name as Linux keeps it: modprobe takes "-" for "_".
func moduleName(s string) string { return strings.ReplaceAll(s, "-", "_") }
