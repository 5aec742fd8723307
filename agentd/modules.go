package agentd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// module is one line of the image's module list.
type module struct {
	Path   string
	Params string
}

// parseModules reads a module list: a path a line, in load order, with the
// module's parameters after it; "#" begins a comment. Lines that cannot be a
// module are reported, the others returned all the same.
func parseModules(list string) ([]module, error) {
	var mods []module
	var errs []error
	n := 0
	for line := range strings.Lines(list) {
		n++
		line, _, _ = strings.Cut(line, "#")
		name, params, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "" {
			continue
		}
		clean := path.Clean("/" + name)
		if strings.ContainsRune(name, 0) || !strings.Contains(path.Base(clean), ".ko") {
			errs = append(errs, fmt.Errorf("module list, line %d: %q is no path of a module", n, name))
			continue
		}
		mods = append(mods, module{Path: clean, Params: strings.TrimSpace(params)})
	}
	return mods, errors.Join(errs...)
}

// loadModules loads what the image lists. An image without a list has all
// that it needs built in.
func (a *agent) loadModules() error {
	list, err := os.ReadFile(a.path(a.cfg.Modules))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("module list: %w", err)
	}
	mods, err := parseModules(string(list))
	errs := []error{err}
	for _, m := range mods {
		errs = append(errs, a.os.LoadModule(a.path(m.Path), m.Params))
	}
	return errors.Join(errs...)
}
