package iossim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// Plane is the data plane that the running configuration drives. It is told
// the state of all ports after each change that matters to it; a [wire.Switch]
// is one. A VLAN interface counts as a port too: what is attached to "Vlan1"
// is the switch's own address in that VLAN.
type Plane interface {
	Configure(ports map[string]wire.PortState)
}

// Observer is a [Plane] that can be looked at, as a [wire.Switch] can: `show
// interfaces status` and `show mac address-table` answer from it. Without it
// all enabled ports count as connected.
type Observer interface {
	LinkUp(port string) bool
	MACTable() []wire.MACEntry
	Counters(port string) wire.Counters
}

// Config is what a switch is made from.
type Config struct {
	// Hostname of the switch where its startup configuration names none.
	Hostname string
	// Profile names the model, a row of [Profiles]; empty is [DefaultProfile].
	Profile string
	// Ports is the number of ports for hosts, in a switch that then has no
	// uplinks; 0 is as many as the model has, uplinks included.
	Ports int
	// Users may log in with their passwords. They start privileged when
	// EnableSecret is empty and must `enable` otherwise.
	Users map[string]string
	// PublicKeys may log in instead of passwords, a key a user.
	PublicKeys map[string]ssh.PublicKey
	// EnableSecret is the password of `enable`.
	EnableSecret string
	// Startup is the startup configuration of a switch whose flash has none.
	Startup string
	// Captured says that Startup is a whole configuration from a real device;
	// see [Captured]. Users and EnableSecret then are not in the configuration:
	// they are checked as an AAA server would.
	Captured bool
	// VLANs are what vlan.dat holds, by number, on a switch whose flash has none.
	VLANs map[int]string
	// VTPMode is the mode in vlan.dat then: "server" unless it is "client",
	// "transparent" or "off".
	VTPMode string
	// Flash keeps the startup configuration and vlan.dat; nil keeps them in
	// memory. [DirFlash] keeps them in a directory.
	Flash Flash
	// Plane forwards frames as configured; nil for a switch without any.
	Plane Plane
	// Clock tells the time; nil is time.Now.
	Clock func() time.Time
	// VTYs is how many sessions can be open at once; 0 is 16.
	VTYs int
	// Minute is how long a minute of the switch's own timers takes (`reload
	// in`, `configure terminal revert timer`); 0 is a minute.
	Minute time.Duration
	// BootTime is how long the switch answers nobody after a reload.
	BootTime time.Duration
	// Latency and Jitter are what each line takes; see [Sim.SetLatency].
	Latency, Jitter time.Duration
	// Logger gets logins and configuration changes; nil discards.
	Logger *slog.Logger
}

// Sim is one simulated switch. Make it with [New].
type Sim struct {
	cfg     Config
	profile *Profile
	ports   map[string]portGroup
	log     *slog.Logger
	now     func() time.Time

	mu      sync.Mutex // guards all below
	run     running
	db      database
	booted  time.Time
	changed time.Time // of the running configuration
	by      string
	saved   time.Time
	startup string
	history []string // the system log
	vtys    []*session
	states  map[string]wire.PortState // as the plane has them
	stats   Stats
	booting bool
	unread  []Unread
	upAt    time.Time // when the switch answers again after a reload
	busy    int       // savings that will fail

	alarms       map[*alarm]struct{}
	reload       *scheduled
	revert       *revert
	locked       *configLock
	archives     []archived
	archiveCount int
	files        map[string]string
	checkpoints  map[string]string
	lldp, cdp    sightings

	speaking sync.Once
	news     chan struct{} // that there is something to say to the neighbours

	faultMu         sync.Mutex // guards all below
	faults          []*fault
	latency, jitter time.Duration
	onLine          func(string)
	random          *rand.Rand
}

// New boots a switch: it loads its startup configuration and vlan.dat and sets
// the plane up. Lines of the startup configuration that the switch does not
// take are logged and left out, as a real one does at boot.
func New(cfg Config) (*Sim, error) {
	profile, err := findProfile(cfg.Profile)
	if err != nil {
		return nil, fmt.Errorf("switch %s: %w", cfg.Hostname, err)
	}
	ports, err := profile.sockets(cfg.Ports)
	if err != nil {
		return nil, fmt.Errorf("switch %s: %w", cfg.Hostname, err)
	}
	if cfg.Captured {
		profile = profile.fit(cfg.Startup)
	}
	s := &Sim{cfg: cfg, profile: profile, ports: ports, log: cfg.Logger, now: cfg.Clock, news: make(chan struct{}, 1)}
	s.latency, s.jitter, s.random = cfg.Latency, cfg.Jitter, rand.New(rand.NewPCG(1, 2))
	if s.cfg.Minute <= 0 {
		s.cfg.Minute = time.Minute
	}
	if s.cfg.VTYs <= 0 {
		s.cfg.VTYs = defaultVTYs
	}
	s.vtys = make([]*session, s.cfg.VTYs)
	if s.cfg.Hostname == "" {
		s.cfg.Hostname = "Switch"
	}
	if !slices.Contains([]string{"", "server", "client", "transparent", "off"}, cfg.VTPMode) {
		return nil, fmt.Errorf("switch %s: VTP mode %q: it is server, client, transparent or off", s.cfg.Hostname, cfg.VTPMode)
	}
	if !validHostname(s.cfg.Hostname) {
		return nil, fmt.Errorf("switch %q: a host name is letters, digits, hyphens and dots, and begins with a letter", cfg.Hostname)
	}
	if s.cfg.Flash == nil {
		s.cfg.Flash = &memoryFlash{}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.log = s.log.With("switch", s.cfg.Hostname)
	if s.now == nil {
		s.now = time.Now
	}
	if cfg.Startup != "" {
		if _, err := s.cfg.Flash.ReadFile(startupFile); errors.Is(err, fs.ErrNotExist) {
			if err := s.cfg.Flash.WriteFile(startupFile, []byte(cfg.Startup)); err != nil {
				return nil, fmt.Errorf("switch %s: keep the startup configuration: %w", s.cfg.Hostname, err)
			}
		}
	}
	s.mu.Lock()
	err = s.boot()
	s.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("switch %s: boot: %w", s.cfg.Hostname, err)
	}
	if plane, ok := cfg.Plane.(Speaker); ok {
		plane.HandleControl(s.hear)
		plane.SpanningTree(defaultPriority, [6]byte(s.mac(0)))
	}
	return s, nil
}

// boot builds the running configuration from the flash. The caller holds the lock.
func (s *Sim) boot() error {
	startup, err := s.cfg.Flash.ReadFile(startupFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db := s.newDatabase()
	data, err := s.cfg.Flash.ReadFile(databaseFile)
	switch {
	case s.profile.NXOS:
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(data, &db); err != nil {
			return fmt.Errorf("read %s: %w", databaseFile, err)
		}
	}
	s.db = db
	s.startup = string(startup)
	s.booted = s.now()
	s.cancelAlarms()
	s.reload, s.revert, s.locked = nil, nil, nil
	s.lldp, s.cdp = sightings{}, sightings{}
	s.changed, s.saved, s.by = time.Time{}, time.Time{}, ""
	s.run = running{hostname: s.cfg.Hostname, ifaces: map[string]*iface{}}
	if s.cfg.Captured {
		for name, switched := range capturedPorts(s.startup) {
			s.addInterface(name).managementIf = !switched
		}
	} else {
		for name := range s.ports {
			s.addInterface(name)
		}
		if m := s.profile.management; m != "" {
			s.addInterface(m).managementIf = true
		}
	}
	if s.profile.NXOS {
		s.run.remove("Vlan1")
	} else if !s.cfg.Captured || strings.Contains(s.startup, "interface Vlan1\n") {
		s.addInterface("Vlan1")
	}
	if !whole(s.startup) && !s.cfg.Captured {
		for _, line := range slices.Concat(s.profile.lines(), s.profile.defaults) {
			st := s.run.set(line)
			if strings.HasPrefix(line, "line vty") && !s.profile.NXOS {
				st.lines = []string{"login local", "transport input ssh"}
			}
		}
	}
	s.booting, s.unread = true, nil
	s.load(s.startup)
	s.booting = false
	if s.profile.NXOS && !s.cfg.Captured {
		for _, user := range slices.Sorted(maps.Keys(s.cfg.Users)) {
			s.run.set("username " + user + " password 5 " + hashSecret(s.cfg.Hostname+"/"+user, s.cfg.Users[user]) + "  role network-admin")
		}
	}
	if s.cfg.Captured || s.profile.NXOS {
		s.states = nil
		s.drive()
		return nil
	}
	level := ""
	if s.cfg.EnableSecret == "" {
		level = " privilege 15"
	} else {
		s.run.set("enable secret 9 " + hashSecret(s.cfg.Hostname+"#", s.cfg.EnableSecret))
	}
	for _, user := range slices.Sorted(maps.Keys(s.cfg.Users)) {
		s.run.set("username " + user + level + " secret 9 " + hashSecret(s.cfg.Hostname+"/"+user, s.cfg.Users[user]))
	}
	s.states = nil
	s.drive()
	return nil
}

func (s *Sim) addInterface(name string) *iface {
	i := newInterface(name)
	i.undeletable = true
	s.run.add(i)
	return i
}

// RunningConfig returns the running configuration, from its version line to
// `end`, without the size and time that `show running-config` puts before it.
func (s *Sim) RunningConfig() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text()
}

// StartupConfig returns what a reload would load; empty if nothing was saved.
func (s *Sim) StartupConfig() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.startup
}

// save copies the running configuration to the flash.
func (s *Sim) save() error {
	if s.busy > 0 {
		s.busy--
		return fmt.Errorf("switch %s: save: the lab was told that NVRAM is busy", s.cfg.Hostname)
	}
	text := s.text()
	if err := s.cfg.Flash.WriteFile(startupFile, []byte(text)); err != nil {
		return fmt.Errorf("switch %s: save: %w", s.cfg.Hostname, err)
	}
	s.startup, s.saved = text, s.now()
	s.stats.Saves++
	return nil
}

// saveDatabase keeps vlan.dat, which IOS writes with every change of a VLAN.
func (s *Sim) saveDatabase() {
	if s.profile.NXOS {
		// A Nexus keeps its VLANs in its configuration.
		return
	}
	s.db.Revision++
	if s.db.local() {
		s.db.Revision = 0
	}
	data, err := json.MarshalIndent(s.db, "", "  ")
	if err == nil {
		err = s.cfg.Flash.WriteFile(databaseFile, data)
	}
	if err != nil {
		s.log.Error("vlan.dat not written", "err", err)
	}
}

// Reload restarts the switch from its flash: what was not saved is lost and
// all sessions are cut.
func (s *Sim) Reload() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.vtys {
		if v != nil {
			v.cut()
		}
	}
	s.stats.Reloads++
	s.upAt = time.Now().Add(s.cfg.BootTime)
	if err := s.boot(); err != nil {
		return fmt.Errorf("switch %s: reload: %w", s.cfg.Hostname, err)
	}
	return nil
}

// Exec types lines at the console, beginning in privileged mode, as somebody
// who changes the switch by hand. It returns what the console showed. A line
// that the switch rejects ends it with an error.
func (s *Sim) Exec(lines ...string) (string, error) {
	session := newSession(s, "console")
	session.level = 15
	session.context = inExec
	var shown strings.Builder
	for _, line := range lines {
		shown.WriteString(session.promptText() + line + "\n")
		answer := session.answer(line)
		shown.WriteString(answer)
		if session.rejection() != "" {
			return shown.String(), fmt.Errorf("switch %s: line %q: %s", s.cfg.Hostname, line, strings.TrimSpace(answer))
		}
	}
	session.leave()
	return shown.String(), nil
}

func validHostname(name string) bool {
	if len(name) == 0 || len(name) > 63 || !isLetter(name[0]) {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == ""
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
