package ipmi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
)

var (
	cmdLAN    = command{"get LAN configuration", netTransport, 0x02}
	cmdSetLAN = command{"set LAN configuration", netTransport, 0x01}
)

// AddressSource says where a controller has its address from.
type AddressSource string

// The sources, in the order of their codes (IPMI 2.0 §23.2, parameter 4).
const (
	SourceUnspecified AddressSource = "unspecified"
	SourceStatic      AddressSource = "static"
	SourceDHCP        AddressSource = "dhcp"
	SourceBIOS        AddressSource = "bios"
	SourceOther       AddressSource = "other"
)

var addressSources = []AddressSource{SourceUnspecified, SourceStatic, SourceDHCP, SourceBIOS, SourceOther}

// LAN is the network configuration of a controller's channel. What it does not tell is left at zero.
type LAN struct {
	// Channel is the number of the channel.
	Channel int
	// Source, Address, Mask and Gateway are IPv4.
	Source                 AddressSource
	Address, Mask, Gateway netip.Addr
	MAC, GatewayMAC        net.HardwareAddr
	BackupGateway          netip.Addr
	BackupGatewayMAC       net.HardwareAddr
	// VLAN is 0 when there is no tag; VLANPriority is 0 to 7.
	VLAN, VLANPriority int
	// Community is that of the traps it sends.
	Community string
	// Port is the UDP port of RMCP.
	Port int
	// CipherSuites are those that the controller has; Privileges how far each lets one go, in the same order.
	CipherSuites []int
	Privileges   []Privilege
	// ARPReplies and GratuitousARP say whether the controller answers and announces its address itself.
	ARPReplies, GratuitousARP bool
}

// LAN reads the network configuration of a channel; 0 is the one that we come in on.
func (b *BMC) LAN(ctx context.Context, channel int) (lan LAN, err error) {
	err = b.talk(ctx, "read the LAN configuration", func(v *conversation) error {
		number, err := v.lanChannel(channel)
		if err != nil {
			return err
		}
		lan, err = v.lan(number)
		return err
	})
	return lan, err
}

// lanChannel finds the number of the channel that we come in on, for not every controller takes the code for it in
// its LAN commands.
func (v *conversation) lanChannel(channel int) (byte, error) {
	number, err := channelNumber(channel)
	if err != nil || number != currentChannel {
		return number, err
	}
	answer, err := v.request(cmdChannelInfo, currentChannel)
	if refused(err) {
		return 1, nil // the usual place
	}
	if err != nil {
		return 0, err
	}
	f := fields{rest: answer}
	return f.u8() & 0x0f, f.end("the channel's description")
}

// lan reads all parameters that the controller has.
func (v *conversation) lan(channel byte) (LAN, error) {
	lan := LAN{Channel: int(channel)}
	for _, p := range lanParameters {
		data, err := v.lanParameter(channel, p.selector)
		// What a controller lacks, it refuses in one way or another.
		if refused(err) {
			continue
		}
		if err != nil {
			return lan, err
		}
		f := fields{rest: data}
		before := lan
		p.read(&lan, &f)
		if f.short {
			lan = before
		}
	}
	// There is a list of the suites and one of their privileges, both with room for more.
	lan.Privileges = lan.Privileges[:min(len(lan.Privileges), len(lan.CipherSuites))]
	return lan, nil
}

func (v *conversation) lanParameter(channel, selector byte) ([]byte, error) {
	answer, err := v.request(cmdLAN, channel, selector, 0, 0)
	if err != nil {
		return nil, err
	}
	f := fields{rest: answer}
	f.u8() // the revision
	return f.rest, f.end("a LAN parameter")
}

// LANChange is what SetLAN changes; nil leaves alone.
type LANChange struct {
	Source                 *AddressSource
	Address, Mask, Gateway *netip.Addr
	// VLAN is 1 to 4094, or 0 for no tag.
	VLAN *int
}

// Check says what is wrong with a change, whatever the controller.
func (c LANChange) Check() error {
	var problems []error
	if c.Source != nil && *c.Source != SourceStatic && *c.Source != SourceDHCP {
		problems = append(problems, fmt.Errorf("address source %q: want %q or %q", *c.Source, SourceStatic, SourceDHCP))
	}
	for name, address := range map[string]*netip.Addr{"address": c.Address, "mask": c.Mask, "gateway": c.Gateway} {
		if address != nil && !address.Is4() {
			problems = append(problems, fmt.Errorf("%s %s: want IPv4", name, address))
		}
	}
	if c.Mask != nil && c.Mask.Is4() {
		mask := net.IPMask(c.Mask.AsSlice())
		if ones, bits := mask.Size(); bits == 0 || ones == 0 {
			problems = append(problems, fmt.Errorf("mask %s is none", c.Mask))
		}
	}
	if c.VLAN != nil && (*c.VLAN < 0 || *c.VLAN > 4094) {
		problems = append(problems, fmt.Errorf("VLAN %d: want 1 to 4094, or 0 for none", *c.VLAN))
	}
	if c.Source != nil && *c.Source == SourceDHCP && (c.Address != nil || c.Mask != nil || c.Gateway != nil) {
		problems = append(problems, errors.New("address, mask and gateway come by DHCP: leave them out"))
	}
	return errors.Join(problems...)
}

// moves says whether the controller may not be where it was after the change.
func (c LANChange) moves() bool {
	return c.Source != nil || c.Address != nil || c.Mask != nil || c.Gateway != nil || c.VLAN != nil
}

// MovedError says that a controller took a new network configuration and fell silent before it could be read back.
// It should be found under the new address; whether it is, is not known.
type MovedError struct {
	// BMC is the name and old address of the controller; Err is how its silence looked.
	BMC string
	Err error
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("BMC %s took the new LAN configuration and is silent at its old address, as one that moved would be: check it at the new one: %v", e.BMC, e.Err)
}

func (e *MovedError) Unwrap() error { return e.Err }

// The states of parameter 0, which brackets a change.
const (
	setComplete   = 0
	setInProgress = 1
	setCommit     = 2

	codeSetConflict = 0x81
)

// SetLAN changes the network configuration of a channel (0: the one that we come in on) in one go, and reads it
// back. A controller that is no longer heard after the change is a *MovedError.
func (b *BMC) SetLAN(ctx context.Context, channel int, change LANChange) error {
	if err := change.Check(); err != nil {
		return fmt.Errorf("BMC %s: set the LAN configuration: %w", b.target.label(), err)
	}
	sets := change.parameters()
	if len(sets) == 0 {
		return nil
	}
	return b.administer(ctx, "set the LAN configuration", func(v *conversation) error {
		number, err := v.lanChannel(channel)
		if err != nil {
			return err
		}
		if err := v.claimLAN(ctx, number); err != nil {
			return err
		}
		for _, set := range sets {
			if err := v.setLAN(number, set.selector, set.data); err != nil {
				return errors.Join(err, v.endLAN(number))
			}
		}
		// From here on it may be gone.
		for _, step := range []byte{setCommit, setComplete} {
			if err := v.setLAN(number, selectSetInProgress, []byte{step}); err != nil && !refused(err) {
				return v.moved(change, err)
			}
		}
		got, err := v.lan(number)
		if err != nil {
			return v.moved(change, err)
		}
		if problem := change.missing(got); problem != "" {
			return v.differs("the new LAN configuration", problem)
		}
		return nil
	})
}

// endLAN gives up a change.
func (v *conversation) endLAN(channel byte) error {
	err := v.setLAN(channel, selectSetInProgress, []byte{setComplete})
	if refused(err) {
		return nil
	}
	return err
}

func (v *conversation) moved(change LANChange, err error) error {
	var silent *UnreachableError
	if !errors.As(err, &silent) || !change.moves() {
		return err
	}
	return &MovedError{BMC: v.bmc.target.label(), Err: err}
}

func (v *conversation) setLAN(channel, selector byte, data []byte) error {
	_, err := v.request(cmdSetLAN, append([]byte{channel, selector}, data...)...)
	return err
}
