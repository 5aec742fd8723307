package ios

import (
	"regexp"
	"strings"
)

// capture cleans what a terminal was seen to print: carriage returns, paging and
// log lines go.
func capture(text string) string {
	text = erase(strings.ReplaceAll(text, "\r", ""))
	paged := pagingResidue(text)
	lines := strings.Split(text, "\n")
	kept := lines[:0]
	for _, l := range lines {
		l = pagingRE.ReplaceAllString(l, "")
		if paged {
			l = strings.TrimPrefix(l, residue)
		}
		if !isAsync(l) {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n")
}

var pagingRE = regexp.MustCompile(`^ ?--More-- ?`)

// residue is what is left of " --More-- " in a capture where IOS wiped it: a
// line of a page's top stands behind as many spaces. Read as indentation, it
// would put a line into the block before it.
const residue = "          "

// pagingResidue says whether a capture has that. Only a line that is never
// indented so deep can tell.
func pagingResidue(text string) bool {
	return residueRE.MatchString(text)
}

var residueRE = regexp.MustCompile(`(?m)^` + residue + `(?:!$|end$|hostname \S|vlan \d|interface \S| (?:switchport|description|spanning-tree) )`)
