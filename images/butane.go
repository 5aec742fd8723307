package images

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
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
		p := Problem{Path: "butane", Message: wording(e.Message)}
		if at := e.Marker.StartP; at != nil {
			p.Line, p.Column = int(at.Line), int(at.Column)
		}
		if context, found := strings.CutPrefix(e.Context.String(), "$."); found {
			p.Message = indexForm.ReplaceAllString(context, "[$1]") + ": " + p.Message
		}
		problems = append(problems, p)
	}
	return problems
}

var (
	indexForm = regexp.MustCompile(`\.([0-9]+)\b`)
	// quotedForm is how the YAML reader quotes a value, which may be a secret.
	quotedForm = regexp.MustCompile("`[^`]*` ?")
	lineForm   = regexp.MustCompile(`\bline ([0-9]+)\b`)
)

// butaneKeys are the ones that may have been meant by a misspelt key.
var butaneKeys = strings.Fields(`variant version storage files directories links path mode contents inline source
	compression verification hash append overwrite user group id name target hard`)

// wording turns Butane's message into one that says what to do.
func wording(message string) string {
	if key, found := strings.CutPrefix(strings.ToLower(message), "unused key "); found {
		if best := nearest(key, butaneKeys); best != "" {
			return fmt.Sprintf("unknown key, which Ignition would ignore: did you mean %q?", best)
		}
		return "unknown key, which Ignition would ignore"
	}
	if message == common.ErrNoFilesDir.Error() {
		return "local files are not read: write the contents inline"
	}
	message = quotedForm.ReplaceAllString(message, "")
	return lowerFirst(strings.Join(strings.Fields(message), " "))
}

// butaneFailure words what keeps Butane from reading a configuration at all.
func butaneFailure(err error) Problem {
	p := Problem{Path: "butane", Message: wording(err.Error())}
	var unknown common.ErrUnknownVersion
	switch {
	case errors.Is(err, common.ErrNoVariant):
		p.Message = "it names no variant: begin with `variant: fcos` and `version: 1.6.0`"
	case errors.Is(err, common.ErrInvalidVersion):
		p.Message = "it names no version: begin with `variant: fcos` and `version: 1.6.0`"
	case errors.As(err, &unknown):
		p.Message = fmt.Sprintf("no version %s of variant %q is known: take `variant: fcos` and `version: 1.6.0`", unknown.Version, unknown.Variant)
	}
	if m := lineForm.FindStringSubmatch(p.Message); m != nil {
		p.Column = 1
		if p.Line, err = strconv.Atoi(m[1]); err != nil {
			p.Line, p.Column = 0, 0
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
