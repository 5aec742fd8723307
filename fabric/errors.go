package fabric

import (
	"fmt"
	"strings"
)

// FieldError says what is wrong with one value of a Want.
type FieldError struct {
	// Path leads to the value: {"ports", "GigabitEthernet1/0/1", "access_vlan"},
	// {"vlans", "20", "name"}. The words are those of the provider's schema.
	Path    []string
	Summary string
	Detail  string
}

// Error gives path, summary and detail in one line.
func (e *FieldError) Error() string {
	s := e.PathString() + ": " + e.Summary
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// PathString writes the path in the style of a configuration: ports["Gi1/0/1"].mode.
func (e *FieldError) PathString() string {
	var b strings.Builder
	for i, p := range e.Path {
		switch {
		case i == 0:
			b.WriteString(p)
		case i == 1:
			fmt.Fprintf(&b, "[%q]", p)
		default:
			b.WriteString("." + p)
		}
	}
	return b.String()
}

// FieldErrors is every problem that was found, in a stable order. errors.As
// finds the first *FieldError in it.
type FieldErrors []*FieldError

// Error lists the problems, one a line.
func (es FieldErrors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the problems to errors.Is and errors.As.
func (es FieldErrors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

// Err is nil if there is no problem.
func (es FieldErrors) Err() error {
	if len(es) == 0 {
		return nil
	}
	return es
}
