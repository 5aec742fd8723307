package iossim

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// parseVLANs reads a VLAN list as typed: "10,20-22". The error is what the
// switch prints.
func parseVLANs(list string) (wire.VLANs, error) {
	var set wire.VLANs
	low := 0 // start of a range, or 0
	start := 0
	for i := 0; i <= len(list); i++ {
		if i < len(list) && list[i] >= '0' && list[i] <= '9' {
			continue
		}
		delimiter := "EOL"
		if i < len(list) {
			delimiter = fmt.Sprintf("'%c'", list[i])
			if list[i] != ',' && list[i] != '-' {
				return set, rejected("Command rejected: Bad VLAN list - character #%d is a non-numeric\ncharacter (%s).\n", i+1, delimiter)
			}
		}
		id, err := strconv.Atoi(list[start:i])
		if err != nil || id < 1 || id > wire.MaxVLAN {
			return set, rejected("Command rejected: Bad VLAN list - character #%d (%s) delimits a VLAN\nnumber which is out of the range 1..4094.\n", i+1, delimiter)
		}
		start = i + 1
		ranging := i < len(list) && list[i] == '-'
		switch {
		case low > 0 && (ranging || id < low):
			return set, rejected("Command rejected: Bad VLAN list - character #%d (%s) ends a range\nthat is not in ascending order.\n", i+1, delimiter)
		case ranging:
			low = id
			continue
		case low == 0:
			low = id
		}
		for ; low <= id; low++ {
			set.Add(low)
		}
		low = 0
	}
	return set, nil
}

// vlanGroups writes a set as IOS does: a run of three or more is a range, two
// neighbours stay apart.
func vlanGroups(set wire.VLANs) []string {
	var groups []string
	ids := set.IDs()
	for i := 0; i < len(ids); {
		j := i
		for j+1 < len(ids) && ids[j+1] == ids[j]+1 {
			j++
		}
		if j-i >= 2 {
			groups = append(groups, fmt.Sprintf("%d-%d", ids[i], ids[j]))
		} else {
			for k := i; k <= j; k++ {
				groups = append(groups, strconv.Itoa(ids[k]))
			}
		}
		i = j + 1
	}
	return groups
}

// formatVLANs writes a set in one line.
func formatVLANs(set wire.VLANs) string { return strings.Join(vlanGroups(set), ",") }

// wrapVLANs writes a set in pieces of at most first characters for the first
// and rest for the others.
func wrapVLANs(set wire.VLANs, first, rest int) []string {
	return wrapGroups(vlanGroups(set), first, rest)
}
