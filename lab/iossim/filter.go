package iossim

import (
	"regexp"
	"strconv"
	"strings"
)

// filter is what follows the | of a show command.
type filter struct {
	kind string
	re   *regexp.Regexp
}

var filterKinds = []string{"begin", "count", "exclude", "include", "section"}

// splitFilter splits a command from its filter, if it has one. A Nexus also
// prints as JSON, and takes the quotes from around an expression.
func splitFilter(line string, start int, nexus bool) (string, *filter, *syntaxError) {
	toks := tokens(line[start:])
	if len(toks) == 0 || !filtered(toks[0].text) {
		return line, nil, nil
	}
	bar := strings.Index(line[start:], "|")
	if bar < 0 {
		return line, nil, nil
	}
	bar += start
	rest := tokens(line[bar+1:])
	if len(rest) == 0 {
		return "", nil, &syntaxError{kind: "incomplete"}
	}
	col := bar + 1 + rest[0].col
	if nexus && (rest[0].text == "json" || rest[0].text == "json-pretty") && len(rest) == 1 {
		return line[:bar], &filter{kind: rest[0].text}, nil
	}
	kind := ""
	for _, k := range filterKinds {
		if strings.HasPrefix(k, strings.ToLower(rest[0].text)) {
			kind = k
		}
	}
	if kind == "" {
		return "", nil, &syntaxError{kind: "invalid", col: col}
	}
	pattern := strings.TrimSpace(line[col+len(rest[0].text):])
	// `section include X` is the long form of `section X`.
	if kind == "section" {
		pattern = strings.TrimPrefix(pattern, "include ")
	}
	if n := len(pattern); nexus && n > 1 && (pattern[0] == '\'' || pattern[0] == '"') && pattern[n-1] == pattern[0] {
		pattern = pattern[1 : n-1]
	}
	if pattern == "" {
		return "", nil, &syntaxError{kind: "incomplete"}
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return "", nil, &syntaxError{kind: "invalid", col: col}
	}
	return line[:bar], &filter{kind, re}, nil
}

// filtered reports whether a command's output can be filtered.
func filtered(word string) bool {
	w := strings.ToLower(word)
	return len(w) >= 2 && strings.HasPrefix("show", w) || len(w) >= 2 && strings.HasPrefix("more", w) || w == "dir"
}

// apply keeps the lines that the filter asks for.
func (f *filter) apply(text string) string {
	var kept []string
	began := false
	inside := -1 // the indentation of the section that is being kept, or -1
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		hit := f.re.MatchString(line)
		switch f.kind {
		case "begin":
			began = began || hit
			hit = began
		case "exclude":
			hit = !hit
		case "section":
			indent := len(line) - len(strings.TrimLeft(line, " "))
			switch {
			case hit && (inside < 0 || indent <= inside):
				inside = indent
			case inside >= 0 && indent > inside:
				hit = true
			case !hit:
				inside = -1
			}
		}
		if hit {
			kept = append(kept, line)
		}
	}
	if f.kind == "count" {
		return "Number of lines which match regexp = " + strconv.Itoa(len(kept)) + "\n"
	}
	if len(kept) == 0 {
		return ""
	}
	return strings.Join(kept, "\n") + "\n"
}
