package images

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// DefaultModules returns what every image of a kernel flavour loads beside what
// its recipe names: enough to reach the network and to be switched off, and on
// real hardware, which the generic flavour is for, to ask the machine's own BMC
// for its address.
func DefaultModules(flavour string) []string {
	// Entropy from the host keeps the first key exchange from waiting for it.
	// The button is how a BMC asks for a soft power-off.
	modules := []string{"virtio_pci", "virtio_net", "virtio_rng", "button"}
	if flavour == FlavourGeneric {
		modules = append(modules, "e1000", "e1000e", "igb", "ixgbe", "tg3", "r8169", "vmxnet3", "ipmi_si", "ipmi_devintf")
	}
	return modules
}

// module is one file below lib/modules.
type module struct {
	// Path in the image, such as /lib/modules/6.1.0-56-amd64/kernel/drivers/net/virtio_net.ko.
	Path string
	modinfo
}

// moduleSet is all modules of a kernel, by name, and the names of those that
// are built into it.
type moduleSet struct {
	modules map[string]module
	builtin map[string]bool
}

// order returns the modules that wanted needs, each after all that it depends
// on. A name that the kernel does not have is a problem at path[i].
func (s moduleSet) order(wanted []string, at func(i int) string) ([]module, error) {
	var problems Problems
	v := visit{set: s, state: map[string]bool{}}
	for i, name := range wanted {
		name = moduleName(name)
		if s.builtin[name] {
			continue
		}
		if _, ok := s.modules[name]; !ok {
			problems = append(problems, Problem{Path: at(i), Message: fmt.Sprintf("this kernel has no module %q%s", name, s.similar(name))})
			continue
		}
		if err := v.visit(name, nil); err != nil {
			return nil, err
		}
	}
	return v.order, problems.orNil()
}

// similar suggests what may have been meant.
func (s moduleSet) similar(name string) string {
	names := make([]string, 0, len(s.modules))
	for n := range s.modules {
		names = append(names, n)
	}
	if best := nearest(name, names); best != "" {
		return fmt.Sprintf(": did you mean %q?", best)
	}
	return ""
}

// visit walks the dependencies depth first.
type visit struct {
	set moduleSet
	// state is false for a module that is being visited and true when it is done.
	state map[string]bool
	order []module
}

func (v *visit) visit(name string, chain []string) error {
	done, seen := v.state[name]
	if done {
		return nil
	}
	if seen {
		return fmt.Errorf("kernel modules depend on each other in a circle: %s", strings.Join(append(chain, name), " → "))
	}
	m, ok := v.set.modules[name]
	if !ok {
		return fmt.Errorf("kernel module %s needs %s, which the package does not have: it is incomplete", cmp.Or(lastOf(chain), "?"), name)
	}
	v.state[name] = false
	chain = append(slices.Clip(chain), name)
	if err := v.soft(m.Pre, chain); err != nil {
		return err
	}
	for _, d := range m.Depends {
		if v.set.builtin[d] {
			continue
		}
		if err := v.visit(d, chain); err != nil {
			return err
		}
	}
	v.state[name] = true
	v.order = append(v.order, m)
	return v.soft(m.Post, chain)
}

// soft visits what is better there than not: what is missing, built in or
// being visited already is passed over.
func (v *visit) soft(names []string, chain []string) error {
	for _, name := range names {
		if _, ok := v.set.modules[name]; !ok {
			continue
		}
		if done, seen := v.state[name]; seen && !done {
			continue
		}
		if err := v.visit(name, chain); err != nil {
			return err
		}
	}
	return nil
}

func lastOf(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[len(s)-1]
}

// modulesDep writes modules.dep for a part of a kernel's modules, so that
// modprobe on the host works for what is there.
func modulesDep(dir string, order []module) []byte {
	relative := map[string]string{}
	for _, m := range order {
		relative[nameOfModuleFile(m.Path)] = strings.TrimPrefix(m.Path, dir+"/")
	}
	var lines []string
	for _, m := range order {
		line := strings.TrimPrefix(m.Path, dir+"/") + ":"
		for _, d := range m.Depends {
			if p, ok := relative[d]; ok {
				line += " " + p
			}
		}
		lines = append(lines, line+"\n")
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, ""))
}

// nameOfModuleFile returns the module's name, or "" if the file is none.
func nameOfModuleFile(p string) string {
	base, suffix, found := strings.Cut(path.Base(p), ".ko")
	switch {
	case !found, suffix != "" && suffix != ".xz" && suffix != ".zst" && suffix != ".gz":
		return ""
	}
	return moduleName(base)
}
