package images

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// ignitionVersions are those whose whole subset agentd reads.
var ignitionVersions = []string{"3.0.0", "3.1.0", "3.2.0", "3.3.0", "3.4.0", "3.5.0"}

// What agentd applies of an Ignition configuration. A key that is not here is
// refused, whatever a later version of Ignition may bring.
var (
	ownerKeys  = keys{"id": leaf, "name": leaf}
	sourceKeys = keys{"source": leaf, "compression": leaf, "verification": keys{"hash": leaf}}
	subsetKeys = keys{
		"ignition": keys{"version": leaf},
		"storage": keys{
			"files": list{keys{
				"path": leaf, "mode": leaf, "overwrite": leaf, "user": ownerKeys, "group": ownerKeys,
				"contents": sourceKeys, "append": list{sourceKeys},
			}},
			"directories": list{keys{"path": leaf, "mode": leaf, "overwrite": leaf, "user": ownerKeys, "group": ownerKeys}},
			"links":       list{keys{"path": leaf, "target": leaf, "hard": leaf, "overwrite": leaf, "user": ownerKeys, "group": ownerKeys}},
		},
	}
)

// keys is what a JSON object may have, list what each element of an array may
// be, and leaf any value.
type (
	keys map[string]any
	list [1]any
)

const leaf = true

// refusals say why a part of Ignition is not applied, by the end of its path.
var refusals = map[string]string{
	"systemd":         "an LPD has no systemd, so units are not applied: run services as gridapps",
	"passwd":          "an LPD has no log-ins, so users, groups and SSH keys are not applied",
	"disks":           "an LPD lives in RAM and leaves disks alone: partitions are not applied",
	"raid":            "an LPD lives in RAM and leaves disks alone: RAID is not applied",
	"filesystems":     "an LPD lives in RAM and leaves disks alone: filesystems are not applied",
	"luks":            "an LPD lives in RAM and leaves disks alone: LUKS is not applied",
	"kernelArguments": "the image's own args are the kernel arguments: put them there",
	"config":          "merging and replacing configurations is not applied: put all into one",
	"security":        "nothing is fetched, so certificate authorities are not applied",
	"proxy":           "nothing is fetched, so a proxy is not applied",
	"timeouts":        "nothing is fetched, so timeouts are not applied",
	"httpHeaders":     "nothing is fetched, so headers are not applied",
	"extensions":      "packages are not installed into an LPD: choose another image",
}

// subsetProblems lists what of an Ignition configuration agentd would not apply.
func subsetProblems(ignition []byte, src string) Problems {
	var tree any
	if err := json.Unmarshal(ignition, &tree); err != nil {
		return Problems{{Path: "butane", Message: "it became no JSON: " + err.Error()}}
	}
	c := subsetCheck{src: src}
	c.walk("", tree, subsetKeys)
	var config struct {
		Ignition struct{ Version string }
		Storage  struct {
			Files       []ignitionFile
			Directories []ignitionFile
			Links       []ignitionFile
		}
	}
	if err := json.Unmarshal(ignition, &config); err != nil {
		return Problems{{Path: "butane", Message: "it became no Ignition configuration: " + err.Error()}}
	}
	if v := config.Ignition.Version; !slices.Contains(ignitionVersions, v) {
		c.refuse("version", fmt.Sprintf("Ignition %s is not applied: take a stable version of the variant", v))
	}
	for i, f := range config.Storage.Files {
		at := fmt.Sprintf("storage.files[%d]", i)
		c.node(at, f)
		if f.Contents.Source != nil && len(f.Append) > 0 {
			c.refuse(at, "contents and append are both given: choose one")
		}
		c.source(at+".contents", f.Contents.Source)
		for j, a := range f.Append {
			c.source(fmt.Sprintf("%s.append[%d]", at, j), a.Source)
		}
	}
	for i, d := range config.Storage.Directories {
		c.node(fmt.Sprintf("storage.directories[%d]", i), d)
	}
	for i, l := range config.Storage.Links {
		c.node(fmt.Sprintf("storage.links[%d]", i), l)
	}
	return c.problems
}

// ignitionFile has what is checked of files, directories and links.
type ignitionFile struct {
	Path        string
	User, Group struct{ Name *string }
	Contents    struct{ Source *string }
	Append      []struct{ Source *string }
}

type subsetCheck struct {
	src      string
	problems Problems
}

func (c *subsetCheck) refuse(at, message string) {
	p := Problem{Path: "butane", Message: snakeCase(at) + ": " + message}
	p.Line, p.Column = butanePlace(c.src, at)
	c.problems = append(c.problems, p)
}

// walk compares what is there with what is applied.
func (c *subsetCheck) walk(at string, v, allowed any) {
	switch v := v.(type) {
	case map[string]any:
		known, _ := allowed.(keys)
		for _, k := range slices.Sorted(maps.Keys(v)) {
			next := strings.TrimPrefix(at+"."+k, ".")
			if empty(v[k]) {
				continue
			}
			sub, ok := known[k]
			if !ok {
				c.refuse(next, whyNot(next))
				continue
			}
			c.walk(next, v[k], sub)
		}
	case []any:
		if item, ok := allowed.(list); ok {
			for i, e := range v {
				c.walk(fmt.Sprintf("%s[%d]", at, i), e, item[0])
			}
		}
	}
}

// empty reports whether a value says nothing.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return !slices.ContainsFunc(slices.Collect(maps.Values(v)), func(e any) bool { return !empty(e) })
	case []any:
		return len(v) == 0
	case string:
		return v == ""
	}
	return false
}

func whyNot(at string) string {
	for suffix, why := range refusals {
		if at == suffix || strings.HasSuffix(at, "."+suffix) {
			return why
		}
	}
	return "agentd does not apply this"
}

// node refuses places that are not the configuration's, and owners that no
// image has.
func (c *subsetCheck) node(at string, f ignitionFile) {
	if !strings.HasPrefix(f.Path, "/") || path.Clean(f.Path) != f.Path {
		c.refuse(at+".path", fmt.Sprintf("%q is not a clean absolute path", f.Path))
	}
	real := realPath(f.Path)
	for _, r := range []string{"/init", "/dev", "/proc", "/sys", "/run/cthulix", "/etc/cthulix", "/bin/busybox", "/lib/modules"} {
		if real == r || strings.HasPrefix(real, r+"/") {
			c.refuse(at+".path", fmt.Sprintf("%s is Cthulix's own or Linux's", r))
		}
	}
	c.account(at+".user.name", f.User.Name, "/etc/passwd")
	c.account(at+".group.name", f.Group.Name, "/etc/group")
}

func (c *subsetCheck) account(at string, name *string, file string) {
	if name == nil || *name == "" || strings.Contains("\n"+rootFiles[file], "\n"+*name+":") {
		return
	}
	c.refuse(at, fmt.Sprintf("%q is not in the image's %s: write id instead of name", *name, file))
}

// source refuses contents that would have to be fetched.
func (c *subsetCheck) source(at string, source *string) {
	if source != nil && *source != "" && !strings.HasPrefix(*source, "data:") {
		scheme, _, _ := strings.Cut(*source, ":")
		c.refuse(at+".source", fmt.Sprintf("contents are not fetched (%s): write them inline", scheme))
	}
}
