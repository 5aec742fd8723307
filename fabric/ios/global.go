package ios

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// globalAttrs are the managed lines outside of any block. The empty value of
// each is "no such line".
type globalAttrs struct {
	mode      string // of spanning tree
	priority  map[int]int
	snooping  bool
	snoopIn   fabric.VLANSet // zero is none
	lldp      bool
	cdp       string // "no", or "on" where the line is printed
	systemMTU string // "9198", "jumbo 9000"
	gateway   string
}

var (
	stpModeRE     = regexp.MustCompile(`^spanning-tree mode (pvst|rapid-pvst|mst)$`)
	stpPriorityRE = regexp.MustCompile(`^spanning-tree vlan ([\d,-]+) priority (\d{1,5})$`)
	snoopVLANRE   = regexp.MustCompile(`^ip dhcp snooping vlan ([\d,\- ]+)$`)
	systemMTURE   = regexp.MustCompile(`^system mtu ((?:jumbo )?\d{4,5})$`)
	gatewayRE     = regexp.MustCompile(`^ip default-gateway (\d+\.\d+\.\d+\.\d+)$`)
)

// take reads a line at the left margin, and says whether it is a managed one.
func (g *globalAttrs) take(line string) bool {
	switch line {
	case "ip dhcp snooping":
		g.snooping = true
		return true
	case "lldp run":
		g.lldp = true
		return true
	case "no cdp run":
		g.cdp = valueNo
		return true
	case "cdp run":
		g.cdp = valueOn
		return true
	}
	if m := stpModeRE.FindStringSubmatch(line); m != nil {
		g.mode = m[1]
		return true
	}
	if m := systemMTURE.FindStringSubmatch(line); m != nil {
		g.systemMTU = m[1]
		return true
	}
	if m := gatewayRE.FindStringSubmatch(line); m != nil {
		g.gateway = m[1]
		return true
	}
	if m := snoopVLANRE.FindStringSubmatch(line); m != nil {
		set, err := fabric.ParseVLANSet(m[1])
		if err == nil {
			g.snoopIn = g.snoopIn.Union(set)
		}
		return err == nil
	}
	if m := stpPriorityRE.FindStringSubmatch(line); m != nil {
		return g.takePriority(m[1], m[2])
	}
	return false
}

func readGlobal(lines []string) globalAttrs {
	var g globalAttrs
	for _, l := range lines {
		g.take(l)
	}
	return g
}

func (g *globalAttrs) takePriority(list, value string) bool {
	set, err := fabric.ParseVLANSet(list)
	prio, errNumber := strconv.Atoi(value)
	if err != nil || errNumber != nil {
		return false
	}
	if g.priority == nil {
		g.priority = map[int]int{}
	}
	for id := range set.All() {
		g.priority[id] = prio
		if prio == fabric.DefaultPriority {
			delete(g.priority, id)
		}
	}
	return true
}

// model says the lines in the words of the model.
func (g globalAttrs) model() fabric.Global {
	out := fabric.Global{
		SpanningTreeMode: g.mode,
		DHCPSnooping:     fabric.DHCPSnooping{VLANs: g.snoopIn},
		CDP:              spoken(g.cdp),
		SystemMTU:        number(strings.TrimPrefix(g.systemMTU, "jumbo ")),
	}
	if g.snooping {
		out.DHCPSnooping.Enabled = fabric.Enable
	}
	if g.lldp {
		out.LLDP = fabric.Enable
	}
	if a, err := netip.ParseAddr(g.gateway); err == nil {
		out.DefaultGateway = a
	}
	if len(g.priority) > 0 {
		out.SpanningTreePriority = map[int]fabric.VLANSet{}
		for prio, ids := range byPriority(g.priority) {
			out.SpanningTreePriority[prio] = vlanSet(ids)
		}
	}
	return out
}

// wantGlobal makes the managed lines of wanted settings.
func wantGlobal(have globalAttrs, g fabric.Global) globalAttrs {
	to := have
	switch g.SpanningTreeMode {
	case "":
	case string(fabric.Default):
		to.mode = ""
	default:
		to.mode = g.SpanningTreeMode
	}
	to.priority = maps.Clone(have.priority)
	for prio, set := range g.SpanningTreePriority {
		if to.priority == nil {
			to.priority = map[int]int{}
		}
		for id := range set.All() {
			to.priority[id] = prio
			if prio == fabric.DefaultPriority {
				delete(to.priority, id)
			}
		}
	}
	if t := g.DHCPSnooping.Enabled; t != "" {
		to.snooping = t == fabric.Enable
	}
	if set := g.DHCPSnooping.VLANs; !set.IsZero() {
		to.snoopIn = set
		if set.IsNone() {
			to.snoopIn = fabric.VLANSet{}
		}
	}
	if g.LLDP != "" {
		to.lldp = g.LLDP == fabric.Enable
	}
	switch {
	case g.CDP == fabric.Disable:
		to.cdp = valueNo
	case g.CDP == fabric.Default || g.CDP == fabric.Enable && have.cdp == valueNo:
		to.cdp = ""
	}
	if g.DefaultGateway.IsValid() {
		to.gateway = g.DefaultGateway.String()
		if g.DefaultGateway.IsUnspecified() {
			to.gateway = ""
		}
	}
	to.systemMTU = wantSystemMTU(have.systemMTU, g.SystemMTU)
	return to
}

// wantSystemMTU keeps to the form of the line that is there: on platforms with
// two, the jumbo one is for Gigabit ports.
func wantSystemMTU(have string, want int) string {
	const usual = 1500
	switch {
	case want == 0:
		return have
	case want == fabric.DefaultNumber, want == usual && have == "":
		return ""
	case strings.HasPrefix(have, "jumbo "):
		return "jumbo " + strconv.Itoa(want)
	}
	return strconv.Itoa(want)
}

// globalLines lead from one set of lines to the other, in two parts: what is
// taken away before the ports change, and what comes after. So a port is
// trusted before DHCP snooping starts, and until it has stopped.
func globalLines(from, to globalAttrs) (before, after []string) {
	if from.snooping && !to.snooping {
		before = append(before, "no ip dhcp snooping")
	}
	if from.mode != to.mode {
		before = append(before, valueLine("spanning-tree mode", to.mode))
	}
	before = append(before, priorityLines(from.priority, to.priority)...)
	if from.lldp != to.lldp {
		before = append(before, onOff(to.lldp, "lldp run"))
	}
	if (from.cdp == valueNo) != (to.cdp == valueNo) {
		before = append(before, onOff(to.cdp != valueNo, "cdp run"))
	}
	if from.systemMTU != to.systemMTU {
		before = append(before, systemMTULine(from.systemMTU, to.systemMTU))
	}
	if gone := from.snoopIn.Minus(to.snoopIn); !gone.IsNone() {
		after = append(after, listed("no ip dhcp snooping vlan ", gone)...)
	}
	if come := to.snoopIn.Minus(from.snoopIn); !come.IsNone() {
		after = append(after, listed("ip dhcp snooping vlan ", come)...)
	}
	if !from.snooping && to.snooping {
		after = append(after, "ip dhcp snooping")
	}
	if from.gateway != to.gateway {
		line := "ip default-gateway " + to.gateway
		if to.gateway == "" {
			line = "no ip default-gateway " + from.gateway
		}
		after = append(after, line)
	}
	return before, after
}

func onOff(on bool, line string) string {
	if on {
		return line
	}
	return "no " + line
}

func systemMTULine(from, to string) string {
	switch {
	case to != "":
		return "system mtu " + to
	case strings.HasPrefix(from, "jumbo "):
		return "no system mtu jumbo"
	}
	return "no system mtu"
}

// priorityLines set the priorities that differ, a line for each value.
func priorityLines(from, to map[int]int) []string {
	gone := []int{}
	set := map[int]int{}
	for id := range from {
		if _, stays := to[id]; !stays {
			gone = append(gone, id)
		}
	}
	for id, prio := range to {
		if was, ok := from[id]; !ok || was != prio {
			set[id] = prio
		}
	}
	var out []string
	if len(gone) > 0 {
		for _, line := range listed("no spanning-tree vlan ", vlanSet(gone)) {
			out = append(out, line+" priority")
		}
	}
	groups := byPriority(set)
	for _, prio := range slices.Sorted(maps.Keys(groups)) {
		for _, line := range listed("spanning-tree vlan ", vlanSet(groups[prio])) {
			out = append(out, fmt.Sprintf("%s priority %d", line, prio))
		}
	}
	return out
}

func byPriority(priority map[int]int) map[int][]int {
	out := map[int][]int{}
	for id, prio := range priority {
		out[prio] = append(out[prio], id)
	}
	return out
}

// vlanSet is the set of VLANs that are known to exist as numbers.
func vlanSet(ids []int) fabric.VLANSet {
	set, err := fabric.NewVLANSet(ids...)
	if err != nil {
		// All of them come out of a set.
		panic("ios: " + err.Error())
	}
	return set
}

// undoGlobal says what was, in the words of a want, for what a want names.
func undoGlobal(was globalAttrs, want fabric.Global) fabric.Global {
	have := was.model()
	var u fabric.Global
	if want.SpanningTreeMode != "" {
		u.SpanningTreeMode = orWord(have.SpanningTreeMode)
	}
	named := map[int]int{}
	for _, set := range want.SpanningTreePriority {
		for id := range set.All() {
			named[id] = fabric.DefaultPriority
			if prio, ok := was.priority[id]; ok {
				named[id] = prio
			}
		}
	}
	if len(named) > 0 {
		u.SpanningTreePriority = map[int]fabric.VLANSet{}
		for prio, ids := range byPriority(named) {
			u.SpanningTreePriority[prio] = vlanSet(ids)
		}
	}
	if want.DHCPSnooping.Enabled != "" {
		u.DHCPSnooping.Enabled = fabric.ToggleOf(was.snooping)
	}
	if !want.DHCPSnooping.VLANs.IsZero() {
		u.DHCPSnooping.VLANs = was.snoopIn.Union(fabric.NoVLANs())
	}
	if want.LLDP != "" {
		u.LLDP = fabric.ToggleOf(was.lldp)
	}
	if want.CDP != "" {
		u.CDP = fabric.ToggleOf(was.cdp != valueNo)
	}
	if want.SystemMTU != 0 {
		u.SystemMTU = have.SystemMTU
		if u.SystemMTU == 0 {
			u.SystemMTU = fabric.DefaultNumber
		}
	}
	if want.DefaultGateway.IsValid() {
		u.DefaultGateway = have.DefaultGateway
		if !u.DefaultGateway.IsValid() {
			u.DefaultGateway = netip.IPv4Unspecified()
		}
	}
	return u
}

func orWord(s string) string {
	if s == "" {
		return string(fabric.Default)
	}
	return s
}
