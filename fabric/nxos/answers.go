package nxos

import (
	"regexp"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
)

// answerRow is one answer that is known. The pattern is matched at the start of
// a line.
type answerRow struct {
	class  ios.Class
	re     *regexp.Regexp
	source string
}

func row(class ios.Class, pattern, source string) answerRow {
	return answerRow{class, regexp.MustCompile(`^(?:` + pattern + `)`), source}
}

// Where the texts of answerRows were seen.
const (
	srcScrapli  = "scrapligo, platform definition cisco_nxos"
	srcAnsible  = "cisco.nxos collection, terminal plugin and test data"
	srcNapalm   = "NAPALM, NX-OS driver"
	srcPractice = "practice; not in a public capture that we read"
)

// answerRows is the dialect of NX-OS's answers. The first row that fits a line
// decides. What no row knows is unknown and stops a transaction.
var answerRows = []answerRow{
	row(ios.ClassReject, `[ \t]*\^[ \t]*$`, srcScrapli+" (the caret below an invalid input)"),
	row(ios.ClassReject, `% ?Invalid (?:command|parameter|number|ip|interface|value|range)`, srcScrapli),
	row(ios.ClassReject, `% ?(?:Incomplete|Ambiguous|Unknown) command`, srcScrapli),
	row(ios.ClassReject, `% ?Permission denied`, srcAnsible),
	row(ios.ClassReject, `(?i)ERROR:`, srcScrapli),
	row(ios.ClassReject, `(?i)command failed`, srcAnsible+" (port not compatible)"),
	row(ios.ClassReject, `Cannot (?:apply|run|delete|create|configure|modify|change)`, srcAnsible),
	row(ios.ClassReject, `Command authorization failed`, srcScrapli),
	row(ios.ClassReject, `Configuration (?:update|mode) (?:aborted|is locked)`, srcPractice),
	row(ios.ClassReject, `.*(?:is not allowed|not supported|not permitted|does not exist|already in use|is reserved)`, srcPractice),
	row(ios.ClassReject, `Rollback failed|Can not|Failed to `, srcNapalm),

	row(ios.ClassNotice, `Enter configuration commands, one per line`, srcNapalm),
	row(ios.ClassNotice, `Warning: Edge port type \(portfast\) should only be enabled on ports connected to a single`, srcAnsible),
	row(ios.ClassNotice, ` ?host\. Connecting hubs, concentrators, switches, bridges, etc\.\.\.`, srcAnsible),
	row(ios.ClassNotice, ` ?to this interface (?:over a )?.*(?:bridging loops|can cause)`, srcAnsible),
	row(ios.ClassNotice, ` ?(?:when edge port type \(portfast\) is enabled|interface\s+when edge|Use with CAUTION)`, srcAnsible),
	row(ios.ClassNotice, `Edge Port Type \(Portfast\) has been configured on`, srcPractice),
	row(ios.ClassNotice, ` ?have effect when the interface is in a non-trunking mode`, srcPractice),
	row(ios.ClassNotice, `Warning: (?:Unable to|This command|Service .* not started|Enable feature)`, srcPractice),
	row(ios.ClassNotice, `(?:Copy complete|\[#+\] *\d+%|\.+)`, srcNapalm),
	row(ios.ClassNotice, `Done$`, srcPractice+" (checkpoint)"),
}

// Classify says what an answer to a configuration line means. The worst line
// decides. Log lines have been taken out by the session.
func Classify(answer string) ios.Class {
	worst := ios.ClassSilent
	rank := map[ios.Class]int{ios.ClassSilent: 0, ios.ClassNotice: 1, ios.ClassUnknown: 2, ios.ClassReject: 3}
	for line := range strings.SplitSeq(clean(answer), "\n") {
		line = strings.TrimRight(line, " ")
		if strings.TrimSpace(line) == "" {
			continue
		}
		class := ios.ClassUnknown
		for _, r := range answerRows {
			if r.re.MatchString(line) {
				class = r.class
				break
			}
		}
		if rank[class] > rank[worst] {
			worst = class
		}
	}
	return worst
}
