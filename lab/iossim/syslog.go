package iossim

// syslogKept is how many messages the switch remembers for `show logging`.
const syslogKept = 200

// syslog notes a message and shows it to the sessions that monitor the log.
// The caller holds the lock.
func (s *Sim) syslog(message string) {
	line := "*" + s.now().UTC().Format("Jan _2 15:04:05.000") + ": " + message
	s.history = append(s.history, line)
	if len(s.history) > syslogKept {
		s.history = s.history[1:]
	}
	s.log.Debug("syslog", "message", message)
	for _, v := range s.vtys {
		if v != nil && v.monitor {
			v.tell(line)
		}
	}
}

func showLogging(c *call) error {
	c.printf("Syslog logging: enabled (0 messages dropped, 0 messages rate-limited, 0 flushes, 0 overruns, xml disabled, filtering disabled)\n\n")
	c.printf("    Console logging: level debugging, %d messages logged, xml disabled,\n                     filtering disabled\n", len(c.sim.history))
	c.printf("    Buffer logging:  level debugging, %d messages logged, xml disabled,\n                    filtering disabled\n\n", len(c.sim.history))
	c.printf("Log Buffer (4096 bytes):\n\n")
	for _, l := range c.sim.history {
		c.printf("%s\n", l)
	}
	return nil
}
