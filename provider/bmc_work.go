package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

// controller is a management controller at work.
type controller struct {
	site *site
	bmc  *ipmi.BMC
	// login is the account that the provider comes in with.
	login       string
	address     string
	credentials string
	suites      []int
}

func (s *site) controller(address, credentials string, suites []int) (*controller, error) {
	bmc, err := s.bmc("", address, credentials, suites)
	if err != nil {
		return nil, err
	}
	who, err := s.credential(credentials)
	if err != nil {
		return nil, err
	}
	return &controller{site: s, bmc: bmc, login: who.username, address: address, credentials: credentials, suites: suites}, nil
}

// at is the controller, looked for at another address.
func (c *controller) at(address string) (*controller, error) {
	return c.site.controller(address, c.credentials, c.suites)
}

// account is what an account may do over the network.
type account struct {
	privilege ipmi.Privilege
	enabled   bool
}

// seenAccount is an account as it was found.
type seenAccount struct {
	account
	enabledKnown bool
	slot         int
	access       ipmi.Access
}

// controllerState is all that a cthulix_bmc is about.
type controllerState struct {
	info     ipmi.Info
	lan      ipmi.LAN
	policy   ipmi.RestorePolicy
	accounts map[string]seenAccount
	users    []ipmi.User // the same, as the controller tells
	free     []int       // slots that an account can be made in
	slots    int
}

// look reads it all.
func (c *controller) look(ctx context.Context) (s controllerState, err error) {
	if s.info, err = c.bmc.Info(ctx); err != nil {
		return s, err
	}
	if s.lan, err = c.bmc.LAN(ctx, 0); err != nil {
		return s, err
	}
	if s.policy, err = c.bmc.RestorePolicy(ctx); err != nil {
		return s, err
	}
	users, err := c.bmc.Users(ctx, 0)
	if err != nil {
		return s, err
	}
	s.takeUsers(users, c.login)
	return s, nil
}

// firstSlot is the first that may be named; slot 1 never is (IPMI 2.0 §6.9.1).
const firstSlot = 2

// takeUsers sorts the slots. Of two accounts of one name the controller looks
// at the first, and so do we.
func (s *controllerState) takeUsers(users []ipmi.User, login string) {
	s.accounts, s.users, s.free, s.slots = map[string]seenAccount{}, nil, nil, len(users)
	for _, u := range users {
		if u.Name == "" {
			// One that is enabled and has access is somebody's anonymous account.
			if u.ID >= firstSlot && (!u.Enabled || !u.Access.Messaging || u.Access.Privilege == ipmi.PrivilegeNoAccess) {
				s.free = append(s.free, u.ID)
			}
			continue
		}
		if _, twice := s.accounts[u.Name]; twice {
			continue
		}
		a := seenAccount{account: account{u.Access.Privilege, u.Enabled}, enabledKnown: u.EnabledKnown, slot: u.ID, access: u.Access}
		// Without messaging it cannot log in, whatever its privilege. Of the account that we came in with we know better.
		if !u.Access.Messaging && u.Name != login {
			a.privilege = ipmi.PrivilegeNoAccess
		}
		s.accounts[u.Name] = a
		s.users = append(s.users, u)
	}
}

// bmcMemory is what a cthulix_bmc remembers beside its state: what it found, and
// what it made.
type bmcMemory struct {
	// Created are the accounts that it made, and their slots.
	Created map[string]int `json:"created,omitempty"`
	// Before are the other accounts, as they were before they were first touched; Policy likewise.
	Before map[string]accountNote `json:"before,omitempty"`
	Policy ipmi.RestorePolicy     `json:"policy,omitempty"`
	// LAN and Users are what was last seen.
	LAN   ipmi.LAN    `json:"lan"`
	Users []ipmi.User `json:"users"`
}

type accountNote struct {
	Privilege ipmi.Privilege `json:"privilege"`
	Enabled   bool           `json:"enabled"`
}

const bmcMemoryKey = "bmc"

// recallBMC reads the memory. known is false where there is none: after an
// import, and before a create.
func recallBMC(ctx context.Context, p privateReader, diags *diag.Diagnostics) (m bmcMemory, known bool) {
	b, more := p.GetKey(ctx, bmcMemoryKey)
	diags.Append(more...)
	if len(b) == 0 {
		return m, false
	}
	if err := json.Unmarshal(b, &m); err != nil {
		diags.AddError("The memory of the resource cannot be read", fmt.Sprintf("%v\n\nThis is a fault of the provider.", err))
	}
	return m, true
}

func (m bmcMemory) keep(ctx context.Context, p privateWriter, diags *diag.Diagnostics) {
	b, err := json.Marshal(m)
	if err != nil {
		diags.AddError("The memory of the resource cannot be kept", fmt.Sprintf("%v\n\nThis is a fault of the provider.", err))
		return
	}
	diags.Append(p.SetKey(ctx, bmcMemoryKey, b)...)
}

// note remembers what was seen.
func (m *bmcMemory) note(seen controllerState) {
	m.LAN, m.Users = seen.lan, seen.users
	for name, slot := range m.Created {
		if a, there := seen.accounts[name]; !there || a.slot != slot {
			delete(m.Created, name) // it is gone, or somebody else's by now
		}
	}
}

// seen is what was last seen, as far as a plan needs it.
func (m bmcMemory) seen(login string) controllerState {
	s := controllerState{lan: m.LAN}
	s.takeUsers(m.Users, login)
	return s
}

// own notes how accounts and policy are before they are first touched.
func (m *bmcMemory) own(names []string, policy bool, seen controllerState) {
	if m.Before == nil {
		m.Before = map[string]accountNote{}
	}
	if m.Created == nil {
		m.Created = map[string]int{}
	}
	for _, name := range names {
		_, noted := m.Before[name]
		_, made := m.Created[name]
		if a, there := seen.accounts[name]; there && !noted && !made {
			m.Before[name] = accountNote{a.privilege, a.enabled}
		}
	}
	if policy && m.Policy == "" {
		m.Policy = seen.policy
	}
}
