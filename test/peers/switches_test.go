package peers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
	"github.com/cthulix/terraform-provider-cthulix/test/switches"
)

// allowed are the VLANs of a trunk. On IOS they take two lines; cisco.nxos
// reads one line alone, and sends the rest of a longer list each time.
func allowed(p iossim.Profile) []string {
	list := []string{"100", "200-205"}
	if !p.NXOS {
		list = append(list, "301", "303", "305", "307", "309", "311", "313", "315", "317", "319", "321")
	}
	return list
}

// bench is a switch and the ports that a peer is to use on it.
type bench struct {
	switches.Switch
	blank                                  string // its configuration at the beginning
	access, trunk, member1, member2, spare string
}

// startAll serves a switch of each model for which the filter says so.
func startAll(t *testing.T, which func(iossim.Profile) bool) map[string]bench {
	t.Helper()
	all := map[string]bench{}
	for _, p := range iossim.Profiles() {
		if !which(p) {
			continue
		}
		b := bench{Switch: switches.Start(t, iossim.Config{Hostname: "leaf1", Profile: p.Name})}
		b.blank = b.RunningConfig()
		stem := firstPort(t, b.blank)
		for i, port := range []*string{&b.access, &b.trunk, &b.member1, &b.member2, &b.spare} {
			*port = fmt.Sprintf("%s%d", stem, 10+i)
		}
		all[p.Name] = b
	}
	return all
}

// firstPort is the name of the ports of a switch, without the last number.
func firstPort(t *testing.T, running string) string {
	t.Helper()
	for line := range strings.Lines(running) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "interface ")
		if stem, is := strings.CutSuffix(name, "/1"); ok && is {
			return stem + "/"
		}
	}
	t.Fatal("the switch has no port number 1")
	return ""
}

// added are the lines of a configuration that another one lacks, each under
// the first line of its block.
func added(before, after string) string {
	had := map[string]bool{}
	block := ""
	each := func(text string, do func(line string)) {
		for line := range strings.Lines(text) {
			if line[0] != ' ' {
				block = ""
			}
			do(block + line)
			if line[0] != ' ' {
				block = line
			}
		}
	}
	each(before, func(line string) { had[line] = true })
	var out strings.Builder
	each(after, func(line string) {
		if !had[line] {
			out.WriteString(line)
		}
	})
	return out.String()
}
