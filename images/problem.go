package images

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with what a person wrote, and where.
type Problem struct {
	// Path names the field, such as "modules[2]" or "butane.storage.files[0].mode".
	Path string
	// Line and Column count from 1 in the text; 0 if they are not known.
	Line, Column int
	// Message says what is wrong and what would be right.
	Message string
}

// String returns the problem in a line: path, place, message.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.Path)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	return b.String() + p.Message
}

// Problems is an error that lists all that is wrong at once.
type Problems []Problem

// Error implements error, with a line per problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// orNil keeps an empty list from being an error.
func (ps Problems) orNil() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}
