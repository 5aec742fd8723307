package fabric

import "strings"

// Link is what a switch sees of a port at the moment.
type Link struct {
	// Status is the switch's word for it: "connected", "notconnect", "disabled", "err-disabled", …
	Status string
	// Seen are the addresses that it has learned there lately.
	Seen []MACEntry
}

// What is the matter with a port that is not connected.
const (
	LinkUp       = ""
	LinkShut     = "shut down"
	LinkError    = "err-disabled: the switch has shut it by itself"
	LinkInactive = "inactive: its VLAN is not there, or is suspended"
	LinkMissing  = "without a link"
)

// Problem says in words why the port carries nothing; LinkUp where it does. Columns cut the words of some platforms
// short.
func (l Link) Problem() string {
	switch status := strings.ToLower(l.Status); {
	case status == "connected", status == "up", status == "monitoring":
		return LinkUp
	case strings.HasPrefix(status, "err"):
		return LinkError
	case status == "disabled":
		return LinkShut
	case status == "inactive", status == "suspended":
		return LinkInactive
	}
	return LinkMissing
}
