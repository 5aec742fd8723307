package ios

import (
	"regexp"
	"strings"
)

// Class is what an answer to a configuration line means.
type Class string

// The classes, from best to worst.
const (
	ClassSilent  Class = "silent"  // no answer: the line was taken
	ClassNotice  Class = "notice"  // the line was taken, and the switch remarks on it
	ClassUnknown Class = "unknown" // nobody knows: the transaction stops
	ClassReject  Class = "reject"  // the line was not taken
)

// answerRow is one answer that is known. The pattern is matched at the start of
// a line and takes as many lines as it spells out.
type answerRow struct {
	class  Class
	re     *regexp.Regexp
	source string
}

func row(class Class, pattern, source string) answerRow {
	return answerRow{class, regexp.MustCompile(`\A(?:` + pattern + `)[^\n]*(?:\n|\z)`), source}
}

// Where the texts of answerRows were seen.
const (
	srcScrapli  = "scrapligo, platform definition cisco_iosxe"
	srcCatalyst = "Catalyst command references"
	srcAnsible  = "cisco.ios collection, terminal plugin and test data"
	srcNetspoc  = "Netspoc, IOS device simulation"
	srcAnnet    = "annet, deployment rules for Cisco"
	srcNapalm   = "NAPALM, IOS driver"
	srcPractice = "practice; not in a public capture that we read"
)

// answerRows is the dialect of IOS's answers. The first row that fits a line
// decides. What no row knows is ClassUnknown and stops a transaction.
//
// A percent sign says nothing: "% Access VLAN does not exist. Creating vlan 20"
// is a success, and "VTP VLAN configuration not allowed …" is none.
var answerRows = []answerRow{
	row(ClassReject, `[ \t]*\^[ \t]*$`, srcScrapli+" (the caret above an invalid input)"),
	row(ClassReject, `% ?Invalid input detected at`, srcScrapli),
	row(ClassReject, `% ?Incomplete command`, srcScrapli),
	row(ClassReject, `% ?Ambiguous command`, srcScrapli),
	row(ClassReject, `% ?Unknown command`, srcScrapli),
	row(ClassReject, `% ?Bad `, srcPractice),
	row(ClassReject, `%? ?Command rejected`, srcCatalyst),
	row(ClassReject, `Command authorization failed|% ?Authorization failed`, srcAnsible),
	row(ClassReject, `VTP VLAN configuration not allowed`, srcCatalyst),
	row(ClassReject, `.*is not the primary server for vlan database`, srcCatalyst+" (VTP 3)"),
	row(ClassReject, `%You must disable VTPv1 and VTPv2`, srcCatalyst),
	row(ClassReject, `% ?Default VLAN \d+ may not`, srcPractice),
	row(ClassReject, `% ?Failed to (?:create|commit|delete)`, srcPractice),
	row(ClassReject, `Extended VLAN\(s\) not allowed`, srcPractice),
	row(ClassReject, `%?.*VLAN #?\d+ and #?\d+ have an identical name`, srcPractice),
	row(ClassReject, `% Range command terminated`, srcCatalyst),
	row(ClassReject, `Configuration mode is locked`, srcNapalm),
	row(ClassReject, `%?.*[Cc]onfiguration (?:database )?(?:is )?(?:currently )?locked`, srcPractice),
	row(ClassReject, `% ?(?:Interface|Port) .*(?:does not exist|not found)`, srcPractice),
	row(ClassReject, `% ?Error`, srcPractice),
	row(ClassReject, `% ?Turn config archive on before`, srcNapalm),

	row(ClassNotice, `Enter configuration commands, one per line`, srcNetspoc),
	row(ClassNotice, `% Access VLAN does not exist\. Creating vlan \d+`, srcCatalyst),
	row(ClassNotice, `% Voice VLAN does not exist\. Creating vlan \d+`, srcCatalyst),
	row(ClassNotice, `% ?Warning: portfast should only be enabled on ports connected to a single(?:\n ?(?:host|interface|Use with)\b[^\n]*){0,4}`, srcCatalyst),
	row(ClassNotice, `%Portfast (?:\S+ )?has been configured on [^\n]*\n ?have effect when the interface is in a non-trunking mode`, srcCatalyst),
	row(ClassNotice, `%Portfast (?:\S+ )?has been configured on .*(?:will only|non-trunking)`, srcCatalyst),
	row(ClassNotice, `%Portfast will be configured in \d+ interfaces due to the range command`, srcCatalyst),
	row(ClassNotice, ` ?(?:have effect when the interfaces? (?:is|are) in a non-trunking mode|but will only)`, srcCatalyst),
	row(ClassNotice, `Creating a port-channel interface`, srcAnnet),
	row(ClassNotice, `% ?Warning: this command enables portfast by default(?:\n ?(?:interfaces|switches|bridging|explicitly)\b[^\n]*){0,4}`, srcCatalyst),
	row(ClassNotice, `(?:% ?)?Changes to the (?:[Ss]ystem )?(?:jumbo )?MTU will not take effect until the next reload`, srcCatalyst),
	row(ClassNotice, `(?:% ?)?Global Ethernet MTU is set to`, srcPractice+" (IOS-XE)"),
	row(ClassNotice, `% Not all config may be removed and may reappear after reactivating`, srcPractice),
	row(ClassReject, `% \S+ overlaps with `, srcPractice),
	row(ClassReject, `Bad mask `, srcPractice),
	row(ClassReject, `% ?Must delete secondary before deleting primary`, srcPractice),
	row(ClassReject, `% ?(?:Bundling|Channel group|Interface is already part of)`, srcPractice),
	row(ClassReject, `% Incorrect (?:format|bridge priority)|% Bridge Priority must be in increments`, srcCatalyst),
	row(ClassNotice, `Rollback Confirmed Change: Backing up current running config to`, srcNapalm),
	row(ClassNotice, `% Applying VLAN changes may take few minutes`, srcPractice),
}

// asyncRow is text that the switch writes into a session without being asked.
type asyncRow struct {
	re     *regexp.Regexp
	source string
}

var asyncRows = []asyncRow{
	// A log line: sequence number, time stamp and host name are optional, then
	// %FACILITY-SEVERITY-MNEMONIC.
	{regexp.MustCompile(`^(?:\d{1,10}: )?(?:\S+: )?(?:[*.]?[A-Z][a-z]{2} {1,2}\d{1,2} (?:\d{4} )?\d{2}:\d{2}:\d{2}(?:\.\d+)?(?: [A-Z]{1,5})?: |\d{2}:\d{2}:\d{2}: |\d+[wdy]\d+[dhw]: )?%[A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*-[0-7]-[A-Z0-9_]+:`), srcNetspoc},
	// NX-OS: the year comes first, then the host, and the virtual context.
	{regexp.MustCompile(`^\d{4} [A-Z][a-z]{2} {1,2}\d{1,2} \d{2}:\d{2}:\d{2}(?:\.\d+)? (?:\S+ )?(?:%\$ VDC-\d+ %\$ )?%[A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*-[0-7]-[A-Z0-9_]+:`), srcPractice},
	{regexp.MustCompile(`^\*\*\*(?:$| --- SHUTDOWN )`), srcNetspoc + " (reload in)"},
	{regexp.MustCompile(`^Rollback Confirmed Change: (?i:Rollback will begin in|Rolling (?:back )?to)`), srcNapalm},
	{regexp.MustCompile(`^Enter "configure confirm" if you wish to keep`), srcNapalm},
}

// isAsync says whether a line was written into the session unasked.
func isAsync(line string) bool {
	line = strings.TrimSpace(line)
	for _, r := range asyncRows {
		if r.re.MatchString(line) {
			return true
		}
	}
	return false
}

// Classify says what an answer to a configuration line means. The answer holds
// neither echo nor prompt; log lines in it are passed over. The worst line
// decides.
func Classify(answer string) Class {
	worst := ClassSilent
	rank := map[Class]int{ClassSilent: 0, ClassNotice: 1, ClassUnknown: 2, ClassReject: 3}
	text := said(answer)
	for text != "" {
		line, _, _ := strings.Cut(text, "\n")
		class, n := ClassUnknown, len(line)+1
		for _, r := range answerRows {
			if m := r.re.FindStringIndex(text); m != nil {
				class, n = r.class, m[1]
				break
			}
		}
		if rank[class] > rank[worst] {
			worst = class
		}
		text = text[min(n, len(text)):]
	}
	return worst
}

// said is an answer without log lines and empty lines, both of which can tear
// an answer of several lines apart.
func said(answer string) string {
	var kept []string
	for line := range strings.SplitSeq(trimLines(erase(answer)), "\n") {
		if line != "" && !isAsync(line) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// trimLines drops the white space at the end of each line.
func trimLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r", ""), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \t")
	}
	return strings.Join(lines, "\n")
}
