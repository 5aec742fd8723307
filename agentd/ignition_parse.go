package agentd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// ignition is the part of an Ignition config (spec 3) that makes sense in a
// host without disks, users' logins or systemd: directories, files and links.
type ignition struct {
	Directories []ignitionDirectory
	Files       []ignitionFile
	Links       []ignitionLink
}

type ignitionNode struct {
	Path      string        `json:"path"`
	Overwrite *bool         `json:"overwrite"`
	User      ignitionOwner `json:"user"`
	Group     ignitionOwner `json:"group"`
}

type ignitionOwner struct {
	ID   *int    `json:"id"`
	Name *string `json:"name"`
}

type ignitionDirectory struct {
	ignitionNode
	Mode *int `json:"mode"`
}

type ignitionFile struct {
	ignitionNode
	Mode     *int               `json:"mode"`
	Contents ignitionResource   `json:"contents"`
	Append   []ignitionResource `json:"append"`
}

type ignitionLink struct {
	ignitionNode
	Target *string `json:"target"`
	Hard   *bool   `json:"hard"`
}

type ignitionResource struct {
	Source       *string `json:"source"`
	Compression  *string `json:"compression"`
	Verification struct {
		Hash *string `json:"hash"`
	} `json:"verification"`
	Headers json.RawMessage `json:"httpHeaders"`
}

// parseIgnition reads a config and refuses all that the agent would not apply:
// nothing is ignored silently, but what is empty.
func parseIgnition(b []byte) (ignition, error) {
	var c ignition
	var errs []error
	root := newSection("", b, &errs)

	head := root.section("ignition")
	var version string
	head.take("version", &version)
	if len(errs) == 0 && !strings.HasPrefix(version, "3.") {
		errs = append(errs, fmt.Errorf("ignition.version: %q is none that this agent knows: want 3.x", version))
	}
	head.refuseRest()

	storage := root.section("storage")
	var directories, files, links []json.RawMessage
	storage.take("directories", &directories)
	storage.take("files", &files)
	storage.take("links", &links)
	storage.refuseRest()
	root.refuseRest()

	c.Directories = entries[ignitionDirectory](directories, "storage.directories", &errs)
	c.Files = entries[ignitionFile](files, "storage.files", &errs)
	c.Links = entries[ignitionLink](links, "storage.links", &errs)
	c.check(&errs)
	if err := errors.Join(errs...); err != nil {
		return ignition{}, err
	}
	return c, nil
}

// entries decodes a list strictly: a key that the agent does not know could
// mean anything.
func entries[T any](raw []json.RawMessage, at string, errs *[]error) []T {
	out := make([]T, len(raw))
	for i, r := range raw {
		d := json.NewDecoder(bytes.NewReader(r))
		d.DisallowUnknownFields()
		if err := d.Decode(&out[i]); err != nil {
			*errs = append(*errs, fmt.Errorf("%s[%d]: %w", at, i, err))
		}
	}
	return out
}

func (c *ignition) check(errs *[]error) {
	seen := map[string]string{}
	node := func(at string, n *ignitionNode) {
		clean := path.Clean(n.Path)
		switch {
		case !strings.HasPrefix(n.Path, "/") || clean == "/" || strings.ContainsRune(n.Path, 0):
			*errs = append(*errs, fmt.Errorf("%s.path: %q: want an absolute path below /", at, n.Path))
		case seen[clean] != "":
			*errs = append(*errs, fmt.Errorf("%s.path: %s is there already, as %s", at, clean, seen[clean]))
		default:
			seen[clean] = at
		}
		n.Path = clean
	}
	mode := func(at string, m *int) {
		if m != nil && (*m < 0 || *m > 0o7777) {
			*errs = append(*errs, fmt.Errorf("%s.mode: %d (decimal) is no file mode", at, *m))
		}
	}
	for i := range c.Directories {
		at := fmt.Sprintf("storage.directories[%d]", i)
		node(at, &c.Directories[i].ignitionNode)
		mode(at, c.Directories[i].Mode)
	}
	for i := range c.Files {
		f := &c.Files[i]
		at := fmt.Sprintf("storage.files[%d]", i)
		node(at, &f.ignitionNode)
		mode(at, f.Mode)
		f.Contents.check(at+".contents", errs)
		for j := range f.Append {
			f.Append[j].check(fmt.Sprintf("%s.append[%d]", at, j), errs)
		}
		if f.Contents.Source != nil && len(f.Append) > 0 {
			*errs = append(*errs, fmt.Errorf("%s: contents and append exclude each other", at))
		}
	}
	for i := range c.Links {
		l := &c.Links[i]
		at := fmt.Sprintf("storage.links[%d]", i)
		node(at, &l.ignitionNode)
		if l.Target == nil || *l.Target == "" || strings.ContainsRune(*l.Target, 0) {
			*errs = append(*errs, fmt.Errorf("%s.target: there is none", at))
		}
	}
	slices.SortStableFunc(c.Directories, func(a, b ignitionDirectory) int { return strings.Compare(a.Path, b.Path) })
}

func (r ignitionResource) check(at string, errs *[]error) {
	if r.Source != nil && *r.Source != "" {
		scheme, _, _ := strings.Cut(*r.Source, ":")
		if scheme != "data" && scheme != "http" && scheme != "https" {
			*errs = append(*errs, fmt.Errorf("%s.source: scheme %q is none that the agent fetches: want data, http or https", at, shorten(scheme, maxShown)))
		}
	}
	if !isEmpty(r.Headers) {
		*errs = append(*errs, fmt.Errorf("%s.httpHeaders: the agent sends none", at))
	}
	if c := r.Compression; c != nil && *c != "" && *c != "gzip" {
		*errs = append(*errs, fmt.Errorf("%s.compression: %q: want gzip or none", at, *c))
	}
	if h := r.Verification.Hash; h != nil {
		if _, err := parseVerification(*h); err != nil {
			*errs = append(*errs, fmt.Errorf("%s.verification.hash: %w", at, err))
		}
	}
}

// section is a JSON object of which every key must be taken or be empty.
type section struct {
	at   string
	keys map[string]json.RawMessage
	errs *[]error
}

func newSection(at string, b []byte, errs *[]error) *section {
	s := &section{at: at, errs: errs}
	if len(b) > 0 {
		if err := json.Unmarshal(b, &s.keys); err != nil {
			s.fail("", err)
		}
	}
	return s
}

func (s *section) name(key string) string { return strings.Trim(s.at+"."+key, ".") }

func (s *section) fail(key string, err error) {
	at := s.name(key)
	if at == "" {
		at = "config"
	}
	*s.errs = append(*s.errs, fmt.Errorf("%s: %w", at, err))
}

func (s *section) section(key string) *section {
	b := s.keys[key]
	delete(s.keys, key)
	return newSection(s.name(key), b, s.errs)
}

func (s *section) take(key string, into any) {
	b, ok := s.keys[key]
	delete(s.keys, key)
	if !ok {
		return
	}
	if err := json.Unmarshal(b, into); err != nil {
		s.fail(key, err)
	}
}

// refuseRest reports each key that was not taken, unless there is nothing in
// it: Ignition's own writers leave empty objects behind.
func (s *section) refuseRest() {
	for _, key := range slices.Sorted(maps.Keys(s.keys)) {
		if !isEmpty(s.keys[key]) {
			s.fail(key, errors.New("the agent of an LPD image does not apply this: it applies storage.directories, storage.files and storage.links"))
		}
	}
}

// isEmpty reports whether JSON says nothing: null, "", false, or an object or
// list of nothing else.
func isEmpty(b json.RawMessage) bool {
	var v any
	if len(b) == 0 {
		return true
	}
	if json.Unmarshal(b, &v) != nil {
		return false
	}
	return emptyValue(v)
}

func emptyValue(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !emptyValue(e) })
	case map[string]any:
		for _, e := range v {
			if !emptyValue(e) {
				return false
			}
		}
		return true
	default:
		return false
	}
}
