package ipmi

import (
	"fmt"
	"strings"
)

// Privilege is what an account may do (IPMI 2.0 §6.8).
type Privilege uint8

// The privileges, from least to most. NoAccess keeps an account off a channel.
const (
	PrivilegeCallback      Privilege = 1
	PrivilegeUser          Privilege = 2
	PrivilegeOperator      Privilege = 3
	PrivilegeAdministrator Privilege = 4
	PrivilegeOEM           Privilege = 5
	PrivilegeNoAccess      Privilege = 15
)

var privilegeNames = map[Privilege]string{
	PrivilegeCallback: "callback", PrivilegeUser: "user", PrivilegeOperator: "operator",
	PrivilegeAdministrator: "administrator", PrivilegeOEM: "oem", PrivilegeNoAccess: "no_access",
}

func (p Privilege) String() string {
	if name, ok := privilegeNames[p]; ok {
		return name
	}
	return fmt.Sprintf("privilege %d", uint8(p))
}

// ParsePrivilege is the inverse of [Privilege.String].
func ParsePrivilege(name string) (Privilege, error) {
	for p, known := range privilegeNames {
		if strings.EqualFold(name, known) {
			return p, nil
		}
	}
	return 0, fmt.Errorf("privilege %q: want callback, user, operator, administrator, oem or no_access", name)
}
