package images

import (
	"errors"
	"fmt"
	"strings"

	butane "github.com/coreos/butane/config"
	"github.com/coreos/butane/config/common"
	"github.com/coreos/vcontext/report"
	"gopkg.in/yaml.v3"
)

// TranslateButane turns a Butane configuration into Ignition's JSON. What
// Butane merely warns of, such as a key that it does not know and so ignores,
// is a problem here, and so is all that agentd does not apply to a host. The
// report lists all problems; err is the same list as an error.
func TranslateButane(src string) (ignition []byte, report []Problem, err error) {
	ignition, entries, err := butane.TranslateBytes([]byte(src), common.TranslateBytesOptions{
		// Compressed contents would be of no use: they travel once, and locally.
		TranslateOptions: common.TranslateOptions{NoResourceAutoCompression: true},
		Raw:              true,
	})
	problems := butaneProblems(entries)
	if err != nil && len(problems) == 0 {
		problems = Problems{butaneFailure(err)}
	}
	if len(problems) == 0 {
		problems = subsetProblems(ignition, src)
	}
	if len(problems) > 0 {
		return nil, problems, problems
	}
	return ignition, nil, nil
}

func butaneProblems(r report.Report) Problems {
	var problems Problems
	for _, e := range r.Entries {
		if e.Kind == report.Info {
			continue
		}
		p := Problem{Path: "butane", Message: lowerFirst(e.Message)}
		if at := e.Marker.StartP; at != nil {
			p.Line, p.Column = int(at.Line), int(at.Column)
		}
		if context := e.Context.String(); strings.HasPrefix(context, "$.") {
			p.Message = context[2:] + ": " + p.Message
		}
		if !e.Kind.IsFatal() && strings.Contains(strings.ToLower(e.Message), "unused key") {
			p.Message += " (Ignition would ignore it)"
		}
		problems = append(problems, p)
	}
	return problems
}

// butaneFailure words what keeps Butane from reading a configuration at all.
func butaneFailure(err error) Problem {
	p := Problem{Path: "butane", Message: lowerFirst(err.Error())}
	if errors.Is(err, common.ErrNoVariant) {
		p.Message = "it begins with no variant: write `variant: fcos` and `version: 1.6.0`"
	}
	var line int
	if i := strings.Index(p.Message, "line "); i >= 0 {
		if _, scanErr := fmt.Sscanf(p.Message[i:], "line %d:", &line); scanErr == nil {
			p.Line, p.Column = line, 1
		}
	}
	return p
}

func lowerFirst(s string) string {
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && (s[1] < 'A' || s[1] > 'Z') {
		return string(s[0]|0x20) + s[1:]
	}
	return s
}

// butanePlace finds in a Butane text what became path in Ignition's JSON. Both
// have the same tree, but for the spelling of keys.
func butanePlace(src, path string) (line, column int) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(src), &doc); err != nil || len(doc.Content) != 1 {
		return 0, 0
	}
	return place(doc.Content[0], snakeCase(path))
}

func snakeCase(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r |= 0x20
		}
		b.WriteRune(r)
	}
	return b.String()
}
