package iossim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A command is a line of a mode: a pattern and what it does. Patterns are
// words; an upper-case word stands for a value, [x] may be left out, and
// (a|b) is either:
//
//	N-M  a number in that range    WORD  any word
//	IF   an interface, in one word or two    LINE  the rest of the line
type command struct {
	pattern string
	run     func(*call) error
	level   int // the privilege that it takes
}

// node is one place in the tree of a mode's commands.
type node struct {
	words  map[string]*node
	values []*value
	run    func(*call) error
	level  int
}

type value struct {
	kind     string // "number", "WORD", "IF" or "LINE"
	min, max int
	next     *node
}

// newGrammar builds the tree of a mode.
func newGrammar(tables ...[]command) *node {
	root := &node{}
	for _, table := range tables {
		for _, c := range table {
			for _, words := range expand(c.pattern) {
				root.add(words, c)
			}
		}
	}
	return root
}

// expand returns the patterns without brackets that a pattern stands for.
func expand(pattern string) [][]string {
	open := strings.IndexAny(pattern, "[(")
	if open < 0 {
		return [][]string{strings.Fields(pattern)}
	}
	closing, depth := open, 0
	for i := open; i < len(pattern); i++ {
		switch pattern[i] {
		case '[', '(':
			depth++
		case ']', ')':
			depth--
		}
		if depth == 0 {
			closing = i
			break
		}
	}
	before, inner, after := pattern[:open], pattern[open+1:closing], pattern[closing+1:]
	choices := []string{inner, ""}
	if pattern[open] == '(' {
		choices = strings.Split(inner, "|")
	}
	var all [][]string
	for _, choice := range choices {
		all = append(all, expand(before+choice+after)...)
	}
	return all
}

func (n *node) add(words []string, c command) {
	for _, w := range words {
		n = n.child(w)
	}
	n.run, n.level = c.run, c.level
}

func (n *node) child(w string) *node {
	if w[0] >= 'a' && w[0] <= 'z' || w == "?" {
		if n.words == nil {
			n.words = map[string]*node{}
		}
		if n.words[w] == nil {
			n.words[w] = &node{}
		}
		return n.words[w]
	}
	v := value{kind: w}
	if lo, hi, ok := strings.Cut(w, "-"); ok {
		v.kind = "number"
		v.min, _ = strconv.Atoi(lo)
		v.max, _ = strconv.Atoi(hi)
	}
	for _, have := range n.values {
		if have.kind == v.kind && have.min == v.min && have.max == v.max {
			return have.next
		}
	}
	v.next = &node{}
	n.values = append(n.values, &v)
	return v.next
}

// token is a word of a line and where it stands.
type token struct {
	text string
	col  int
}

func tokens(line string) []token {
	var out []token
	for i := 0; i < len(line); {
		if line[i] == ' ' || line[i] == '\t' {
			i++
			continue
		}
		j := i
		for j < len(line) && line[j] != ' ' && line[j] != '\t' {
			j++
		}
		out = append(out, token{line[i:j], i})
		i = j
	}
	return out
}

// match is a line that was understood.
type match struct {
	node  *node
	words []string // keywords in full, values as typed
	args  []token  // the values alone
}

// syntaxError is a line that was not.
type syntaxError struct {
	kind string // "invalid", "incomplete" or "ambiguous"
	col  int    // of the first character that cannot be right
	line string
}

func (e *syntaxError) Error() string {
	switch e.kind {
	case "incomplete":
		return "% Incomplete command.\n\n"
	case "ambiguous":
		return fmt.Sprintf("%% Ambiguous command:  %q\n", e.line)
	}
	return "% Invalid input detected at '^' marker.\n\n"
}

// parse reads a line from column start on. The level hides commands that take
// more privilege.
func (n *node) parse(line string, start, level int) (match, *syntaxError) {
	var m match
	toks := tokens(line)
	for len(toks) > 0 && toks[0].col < start {
		toks = toks[1:]
	}
	for len(toks) > 0 {
		t := toks[0]
		next, word, err := n.keyword(t, level)
		if err != nil {
			err.line = strings.TrimSpace(line[start:])
			return m, err
		}
		if next != nil {
			m.words = append(m.words, word)
			n, toks = next, toks[1:]
			continue
		}
		v, arg, used := n.value(line, toks)
		if v == nil {
			return m, &syntaxError{kind: "invalid", col: t.col + n.overlap(t.text, level)}
		}
		m.words = append(m.words, arg.text)
		m.args = append(m.args, arg)
		n, toks = v.next, toks[used:]
	}
	if n.run == nil || n.level > level {
		return m, &syntaxError{kind: "incomplete"}
	}
	m.node = n
	return m, nil
}

// keyword finds the one keyword that a token is or abbreviates.
func (n *node) keyword(t token, level int) (*node, string, *syntaxError) {
	typed := strings.ToLower(t.text)
	if next := n.words[typed]; next != nil && next.reach(level) {
		return next, typed, nil
	}
	var found []string
	for w, next := range n.words {
		if strings.HasPrefix(w, typed) && next.reach(level) {
			found = append(found, w)
		}
	}
	switch len(found) {
	case 0:
		return nil, "", nil
	case 1:
		return n.words[found[0]], found[0], nil
	}
	return nil, "", &syntaxError{kind: "ambiguous", col: t.col}
}

// reach reports whether any command below is allowed at a level.
func (n *node) reach(level int) bool {
	if n.run != nil && n.level <= level {
		return true
	}
	for _, c := range n.words {
		if c.reach(level) {
			return true
		}
	}
	for _, v := range n.values {
		if v.next.reach(level) {
			return true
		}
	}
	return false
}

// overlap is how many characters of a wrong word were still right.
func (n *node) overlap(text string, level int) int {
	longest := 0
	for w, next := range n.words {
		if !next.reach(level) {
			continue
		}
		i := 0
		for i < len(w) && i < len(text) && w[i] == text[i]|0x20 {
			i++
		}
		longest = max(longest, i)
	}
	return longest
}

// value finds the value that the next tokens are, the narrowest kind first.
func (n *node) value(line string, toks []token) (*value, token, int) {
	for _, kind := range []string{"number", "IF", "WORD", "LINE"} {
		for _, v := range n.values {
			if v.kind != kind {
				continue
			}
			if arg, used, ok := v.accept(line, toks); ok {
				return v, arg, used
			}
		}
	}
	return nil, token{}, 0
}

func (v *value) accept(line string, toks []token) (token, int, bool) {
	t := toks[0]
	switch v.kind {
	case "number":
		i, err := strconv.Atoi(t.text)
		return token{strconv.Itoa(i), t.col}, 1, err == nil && i >= v.min && i <= v.max
	case "IF":
		name, used, ok := interfaceTokens(toks)
		return token{name, t.col}, used, ok
	case "LINE":
		return token{strings.TrimRight(line[t.col:], " \t"), t.col}, len(toks), true
	}
	return t, 1, true
}

// candidates are the words that may follow, for `?`.
func (n *node) candidates(prefix string, level int) []string {
	var out []string
	for w, next := range n.words {
		if strings.HasPrefix(w, strings.ToLower(prefix)) && next.reach(level) {
			out = append(out, w)
		}
	}
	if prefix == "" {
		for _, v := range n.values {
			switch v.kind {
			case "number":
				out = append(out, fmt.Sprintf("<%d-%d>", v.min, v.max))
			case "IF":
				out = append(out, "INTERFACE")
			default:
				out = append(out, v.kind)
			}
		}
		if n.run != nil && n.level <= level {
			out = append(out, "<cr>")
		}
	}
	slices.Sort(out)
	return out
}
