package images

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What a recipe can choose from.
const (
	ArchAMD64      = "amd64"
	FlavourCloud   = "cloud"
	FlavourGeneric = "generic"
)

var (
	nameForm    = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	packageForm = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]+$`)
	versionForm = regexp.MustCompile(`^[0-9][A-Za-z0-9.+~:-]*$`)
	moduleForm  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)
)

// Places that agentd, Linux or the base layer fill.
var reservedPaths = []string{"/init", "/bin/busybox", "/dev", "/proc", "/sys", "/run", "/tmp", "/lib/modules", "/etc/cthulix"}

// Validate checks a recipe without touching a file or a network. All that is
// wrong comes back at once, as Problems.
func Validate(r Recipe) error {
	v := validation{}
	v.form("name", r.Name, nameForm, "up to 63 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit")
	v.choice("arch", r.Arch, ArchAMD64)
	v.choice("linux.flavour", r.Linux.Flavour, FlavourCloud, FlavourGeneric)
	v.choice("compression", r.Compression, CompressionZstd, CompressionGzip, CompressionNone)
	v.source("linux", r.Linux.Package, r.Linux.Version, r.Linux.Deb)
	v.source("busybox", r.Busybox.Package, r.Busybox.Version, r.Busybox.Deb)
	if r.Busybox.Path != "" && cmp.Or(r.Busybox.Package, r.Busybox.Version, r.Busybox.Deb) != "" {
		v.add("busybox.path", "a binary is given, and a package as well: choose one")
	}
	for i, m := range r.Modules {
		at := fmt.Sprintf("modules[%d]", i)
		v.form(at, m, moduleForm, "a module's name as modprobe takes it, without path and suffix")
		if first := slices.IndexFunc(r.Modules, func(o string) bool { return moduleName(o) == moduleName(m) }); first < i {
			v.add(at, fmt.Sprintf("%q is there already, as modules[%d]", m, first))
		}
	}
	v.problems = append(v.problems, ValidateArgs("args", r.Args)...)
	v.files(r.Files)
	if r.Butane != "" {
		_, problems, _ := TranslateButane(r.Butane)
		v.problems = append(v.problems, problems...)
	}
	return v.problems.orNil()
}

type validation struct{ problems Problems }

func (v *validation) add(path, message string) {
	v.problems = append(v.problems, Problem{Path: path, Message: message})
}

func (v *validation) form(path, value string, form *regexp.Regexp, want string) {
	if !form.MatchString(value) {
		v.add(path, fmt.Sprintf("%q is not %s", value, want))
	}
}

func (v *validation) choice(path, value string, choices ...string) {
	if value == "" || slices.Contains(choices, value) {
		return
	}
	hint := ""
	if best := nearest(value, choices); best != "" {
		hint = fmt.Sprintf("; did you mean %q?", best)
	}
	v.add(path, fmt.Sprintf("%q is not one of %s%s", value, strings.Join(choices, ", "), hint))
}

func (v *validation) source(path, pkg, version, deb string) {
	if pkg != "" {
		v.form(path+".package", pkg, packageForm, "a Debian package's name")
	}
	if version != "" {
		v.form(path+".version", version, versionForm, "a Debian package's version")
	}
	if deb != "" && cmp.Or(pkg, version) != "" {
		v.add(path+".deb", "a package file is given, and a package's name or version as well: choose one")
	}
}

func (v *validation) files(files map[string]File) {
	seen := map[string]string{}
	for _, p := range slices.Sorted(maps.Keys(files)) {
		at := fmt.Sprintf("files[%q]", p)
		if message := imagePathProblem(p); message != "" {
			v.add(at, message)
		}
		if other, twice := seen[realPath(p)]; twice {
			v.add(at, fmt.Sprintf("this is the same file as %q", other))
		}
		seen[realPath(p)] = p
		for dir := path.Dir(p); dir != "/" && dir != "."; dir = path.Dir(dir) {
			if _, isFile := files[dir]; isFile {
				v.add(at, fmt.Sprintf("%q is a file, so nothing can be in it", dir))
			}
		}
		f := files[p]
		if f.Content != "" && f.Source != "" {
			v.add(at, "content and source are both given: choose one")
		}
		if _, err := parseMode(f.Mode); err != nil {
			v.add(at+".mode", err.Error())
		}
	}
}

// imagePathProblem says why a file cannot be put at p, or "".
func imagePathProblem(p string) string {
	if !strings.HasPrefix(p, "/") || path.Clean(p) != p || p == "/" || strings.ContainsRune(p, 0) || len(p) >= cpioNameLimit {
		return fmt.Sprintf("%q is not a clean absolute path such as /etc/motd", p)
	}
	for _, r := range reservedPaths {
		if real := realPath(p); real == r || strings.HasPrefix(real, r+"/") {
			return fmt.Sprintf("%s is Cthulix's own or Linux's: put the file elsewhere", r)
		}
	}
	for _, e := range slices.Concat(slices.Collect(maps.Keys(binLinks)), slices.Collect(maps.Keys(rootLinks)), rootDirs, []string{"/bin", "/usr", "/var"}) {
		if p == e {
			return fmt.Sprintf("%s is a directory or a link of every image: put the file elsewhere", e)
		}
	}
	for link := range rootLinks {
		if strings.HasPrefix(p, link+"/") {
			return fmt.Sprintf("%s is a link of every image: put the file elsewhere", link)
		}
	}
	return ""
}

func parseMode(s string) (uint32, error) {
	if s == "" {
		return 0o644, nil
	}
	n, err := strconv.ParseUint(s, 8, 32)
	if err != nil || n > modePerm {
		return 0, errors.New(strconv.Quote(s) + " is no mode: write it in octal, such as \"0755\"")
	}
	return uint32(n), nil
}
