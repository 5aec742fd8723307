package images

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Parse reads a recipe in YAML, of which JSON is a part, and validates it. An
// unknown key is a problem, with its place and what may have been meant.
func Parse(src []byte) (Recipe, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		return Recipe{}, Problems{{Path: "recipe", Message: trimYAML(err.Error())}}
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return Recipe{}, Problems{{Path: "recipe", Message: "this is no recipe: it has no keys"}}
	}
	root := doc.Content[0]
	if problems := unknownKeys(root, reflect.TypeFor[Recipe](), ""); len(problems) > 0 {
		return Recipe{}, problems
	}
	var r Recipe
	if err := root.Decode(&r); err != nil {
		return Recipe{}, decodeProblems(err)
	}
	err := Validate(r)
	var problems Problems
	if errors.As(err, &problems) {
		for i := range problems {
			if problems[i].Line == 0 {
				problems[i].Line, problems[i].Column = place(root, problems[i].Path)
			}
		}
		return Recipe{}, problems
	}
	return r, err
}

func trimYAML(s string) string { return strings.TrimPrefix(s, "yaml: ") }

func decodeProblems(err error) error {
	var wrongTypes *yaml.TypeError
	if !errors.As(err, &wrongTypes) {
		return Problems{{Path: "recipe", Message: trimYAML(err.Error())}}
	}
	var problems Problems
	for _, text := range wrongTypes.Errors {
		p := Problem{Path: "recipe", Message: text}
		if _, scanErr := fmt.Sscanf(text, "line %d:", &p.Line); scanErr == nil {
			p.Column = 1
			_, p.Message, _ = strings.Cut(text, ": ")
		}
		problems = append(problems, p)
	}
	return problems
}

// unknownKeys compares the keys of a mapping with the fields of a struct.
func unknownKeys(n *yaml.Node, t reflect.Type, path string) Problems {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.MappingNode {
		return nil
	}
	fields := map[string]reflect.Type{}
	var names []string
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			name := t.Field(i).Tag.Get("yaml")
			fields[name] = t.Field(i).Type
			names = append(names, name)
		}
	}
	var problems Problems
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := path + "." + key.Value
		if t.Kind() == reflect.Map {
			problems = append(problems, unknownKeys(value, t.Elem(), fmt.Sprintf("%s[%q]", path, key.Value))...)
			continue
		}
		ft, known := fields[key.Value]
		if known {
			if ft.Kind() == reflect.Struct || ft.Kind() == reflect.Map {
				problems = append(problems, unknownKeys(value, ft, strings.TrimPrefix(at, "."))...)
			}
			continue
		}
		message := "unknown key; known are " + strings.Join(names, ", ")
		if best := nearest(key.Value, names); best != "" {
			message = fmt.Sprintf("unknown key; did you mean %q?", best)
		}
		problems = append(problems, Problem{Path: strings.TrimPrefix(at, "."), Line: key.Line, Column: key.Column, Message: message})
	}
	return problems
}

// place finds the deepest key or element on a path such as "linux.deb" or
// "modules[2]".
func place(n *yaml.Node, path string) (line, column int) {
	at := n
	for _, step := range pathSteps(path) {
		key, value := child(n, step)
		if value == nil {
			break
		}
		at, n = key, value
	}
	return at.Line, at.Column
}

// pathSteps parts "a.b[2]" and `files["/etc/x.y"].mode` into their steps.
func pathSteps(path string) []string {
	var steps []string
	for path != "" {
		if rest, quoted := strings.CutPrefix(path, `["`); quoted {
			step, after, _ := strings.Cut(rest, `"]`)
			steps, path = append(steps, step), after
			continue
		}
		path = strings.TrimLeft(path, ".[]")
		end := strings.IndexAny(path, ".[]")
		if end < 0 {
			end = len(path)
		}
		if end > 0 {
			steps = append(steps, path[:end])
		}
		path = path[end:]
	}
	return steps
}

// child follows one key or index, and returns where it is written and its value.
func child(n *yaml.Node, step string) (at, value *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i], n.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], n.Content[i]
		}
	}
	return nil, nil
}
