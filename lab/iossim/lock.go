package iossim

// lockCommands show and break the lock of the configuration.
var lockCommands = []command{
	{pattern: "configure terminal lock", run: configure, level: 15},
	{pattern: "show configuration lock", run: showLock, level: 15},
	{pattern: "clear configuration lock", run: func(c *call) error { c.sim.locked = nil; return nil }, level: 15},
}

// configLock keeps all but one from the configuration mode.
type configLock struct {
	session  *session // nil for one from outside the command line, as NETCONF's
	process  int
	user     string
	terminal int
}

// lockedOut says who holds the configuration, unless it is free or ours.
func (s *session) lockedOut() error {
	l := s.sim.locked
	if l == nil || l.session == s {
		return nil
	}
	return rejected("Configuration mode is locked by process '%d' user '%s' from terminal '%d'. Please try later.\n", l.process, l.user, l.terminal)
}

// unlock lets go of the configuration.
func (s *session) unlock() {
	if l := s.sim.locked; l != nil && l.session == s {
		s.sim.locked = nil
	}
}

func showLock(c *call) error {
	l := c.sim.locked
	if l == nil {
		c.printf("Parser Configure Lock\n---------------------\nOwner PID        : -1\nUser             : unknown\nTTY              : -1\nType             : NO LOCK\nState            : FREE\nClass            : unknown\nCount            : 0\nPending Requests : 0\nUser debug info  : \n")
		return nil
	}
	c.printf("Parser Configure Lock\n---------------------\nOwner PID        : %d\nUser             : %s\nTTY              : %d\nType             : EXCLUSIVE\nState            : LOCKED\nClass            : EXPOSED\nCount            : 1\nPending Requests : 0\nUser debug info  : configure terminal\n", l.process, l.user, l.terminal)
	return nil
}

// LockConfiguration takes the configuration for somebody who is not on the
// command line, as a NETCONF client does; the function returned lets it go.
func (s *Sim) LockConfiguration(user string) (unlock func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &configLock{process: 484, user: user, terminal: 64}
	s.locked = l
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.locked == l {
			s.locked = nil
		}
	}
}
