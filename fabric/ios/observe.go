package ios

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// rereads is how often a reading is repeated when log lines fell into it: they
// may have torn a line of the configuration.
const rereads = 3

// Observe reads the switch: its version, running configuration, VLAN table and
// VTP mode. Nothing is changed.
func (s *Session) Observe(ctx context.Context) (fabric.Observation, error) {
	running, err := s.readRunning(ctx)
	if err != nil {
		return fabric.Observation{}, err
	}
	cfg, err := ParseRunning(running)
	if err != nil {
		return fabric.Observation{}, fmt.Errorf("%s: show running-config: %w", s.target, err)
	}
	if cfg.Hostname == "" {
		cfg.Hostname = s.host
	}
	if err := s.readVLANs(ctx, &cfg); err != nil {
		return fabric.Observation{}, err
	}
	vtp, err := s.readVTP(ctx)
	if err != nil {
		return fabric.Observation{}, err
	}
	if err := s.readPlatform(ctx, cfg); err != nil {
		return fabric.Observation{}, err
	}
	obs := fabric.Observation{
		Config:     cfg,
		Platform:   s.version.Platform,
		Model:      s.version.Model,
		Version:    s.version.Software,
		VTPMode:    vtp.Mode,
		VTPVersion: vtp.Version,
		Capabilities: fabric.Capabilities{
			DefaultMode:   s.probe.mode,
			ISL:           s.probe.isl || strings.Contains(running, "\n switchport trunk encapsulation "),
			EdgeKeyword:   strings.Contains(running, "spanning-tree portfast edge"),
			ExtendedVLANs: vtp.Mode == "transparent" || vtp.Mode == "off" || vtp.Version >= 3,
		},
		Running: running,
		Taken:   time.Now().UTC(),
	}
	obs.Fingerprint = fabric.WholeFingerprint(obs)
	return obs, nil
}

// read sends a show command, and sends it again if log lines fell into the
// answer.
func (s *Session) read(ctx context.Context, line string, complete func(string) bool) (string, error) {
	var r reply
	var err error
	for range rereads {
		if r, err = s.exchange(ctx, line, s.times.Read, complete); err != nil {
			return "", err
		}
		if !r.noise {
			break
		}
	}
	if class := refusal(r.text); class != ClassSilent {
		return "", &AnswerError{Switch: s.target.String(), Line: line, Answer: r.text, Class: class}
	}
	return r.text, nil
}

// refusal looks at the answer to a show command: refusals are short, and any
// other text is what was asked for.
func refusal(text string) Class {
	const short = 400
	if len(text) > short || Classify(text) != ClassReject {
		return ClassSilent
	}
	return ClassReject
}

func (s *Session) readRunning(ctx context.Context) (string, error) {
	return s.read(ctx, "show running-config", func(text string) bool {
		if refusal(text) == ClassReject {
			return true
		}
		_, err := sections(text)
		return err == nil
	})
}

// readVLANs puts the VLAN table into the configuration. The table is the truth:
// VLANs up to 1005 are in the running configuration only without VTP. Names
// are taken from the configuration where it has them, since the table's column
// is narrow.
func (s *Session) readVLANs(ctx context.Context, cfg *fabric.Config) error {
	text, err := s.read(ctx, "show vlan brief", nil)
	if err != nil {
		return err
	}
	table, err := ParseVLANBrief(text)
	if err != nil {
		return fmt.Errorf("%s: show vlan brief: %w", s.target, err)
	}
	for id, v := range table {
		if named, ok := cfg.VLANs[id]; ok {
			v.Name = named.Name
			table[id] = v
		}
	}
	cfg.VLANs = maps.Clone(table)
	return nil
}

// readVTP reads the VTP mode. A platform that has no VTP is as if it were off.
func (s *Session) readVTP(ctx context.Context) (VTP, error) {
	text, err := s.read(ctx, "show vtp status", nil)
	var refused *AnswerError
	if errors.As(err, &refused) {
		return VTP{Mode: "off"}, nil
	}
	if err != nil {
		return VTP{}, err
	}
	vtp, err := ParseVTPStatus(text)
	if err != nil {
		return VTP{}, fmt.Errorf("%s: show vtp status: %w", s.target, err)
	}
	return vtp, nil
}

// readPlatform reads what does not change while a session lasts.
func (s *Session) readPlatform(ctx context.Context, cfg fabric.Config) error {
	if s.version == nil {
		text, err := s.read(ctx, "show version", nil)
		if err != nil {
			return err
		}
		v, err := ParseVersion(text)
		if err != nil {
			return fmt.Errorf("%s: show version: %w", s.target, err)
		}
		s.version = &v
	}
	if s.probe != nil {
		return nil
	}
	p, err := s.probePort(ctx, cfg)
	s.probe = p
	return err
}

// probed is what one port tells of its platform.
type probed struct {
	isl  bool
	mode fabric.PortMode // of a port that has none of its own
}

// probePort asks for the details of one port, by preference one without a mode
// of its own: that one shows what the default is.
func (s *Session) probePort(ctx context.Context, cfg fabric.Config) (*probed, error) {
	name, blank := "", false
	for _, n := range cfg.Order {
		p := cfg.Ports[n]
		if p.Routed || name != "" && p.Mode != fabric.ModeDefault {
			continue
		}
		name, blank = n, p.Mode == fabric.ModeDefault
		if blank {
			break
		}
	}
	// Where no port shows it: the default of Catalysts since the 2960.
	found := &probed{mode: fabric.ModeDynamicAuto}
	if name == "" {
		return found, nil
	}
	text, err := s.read(ctx, "show interfaces "+name+" switchport", nil)
	var refused *AnswerError
	if errors.As(err, &refused) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	ports, err := ParseSwitchports(text)
	if err != nil {
		return nil, fmt.Errorf("%s: show interfaces switchport: %w", s.target, err)
	}
	found.isl = ports[0].Encapsulation == "negotiate" || ports[0].Encapsulation == "isl"
	if blank && ports[0].Admin != "" {
		found.mode = fabric.PortMode(strings.TrimPrefix(ports[0].Admin, "static "))
	}
	return found, nil
}

// Status reads the operational state of all ports.
func (s *Session) Status(ctx context.Context) ([]PortStatus, error) {
	text, err := s.read(ctx, "show interfaces status", nil)
	if err != nil {
		return nil, err
	}
	rows, err := ParseInterfacesStatus(text)
	if err != nil {
		return nil, fmt.Errorf("%s: show interfaces status: %w", s.target, err)
	}
	return rows, nil
}
