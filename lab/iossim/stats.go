package iossim

// Stats count what happened to a switch since it was made.
type Stats struct {
	// Logins are sessions that got in, Refused connections that found all
	// lines taken or the switch booting.
	Logins, Refused int
	// Lines were typed, ConfigLines of them in configuration mode.
	Lines, ConfigLines int
	// Saves of the configuration, Reloads, and Reverts of changes that nobody
	// confirmed or that were taken back.
	Saves, Reloads, Reverts int
}

// Stats returns the counts so far.
func (s *Sim) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Sessions is how many lines are taken right now.
func (s *Sim) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, v := range s.vtys {
		if v != nil {
			n++
		}
	}
	return n
}

// OnLine has f told each line that is typed in a session from now on, before it
// is carried out; a password is told as stars.
func (s *Sim) OnLine(f func(line string)) {
	s.faultMu.Lock()
	defer s.faultMu.Unlock()
	s.onLine = f
}
