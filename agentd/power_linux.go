package agentd

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"os/signal"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// signalActions is what each signal asks of process 1. They are the ones that
// busybox' reboot, poweroff and halt send, and SIGINT for ctrl-alt-del.
var signalActions = map[os.Signal]Action{
	unix.SIGINT:  Reboot,
	unix.SIGTERM: Reboot,
	unix.SIGUSR1: PowerOff,
	unix.SIGUSR2: PowerOff,
	unix.SIGPWR:  PowerOff,
}

func watchSignals(ctx context.Context, actions chan<- Action) {
	// Without this, ctrl-alt-del reboots at once. It fails outside process 1 only.
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_CAD_OFF)
	sigs := make(chan os.Signal, 4)
	for sig := range signalActions {
		signal.Notify(sigs, sig)
	}
	defer signal.Stop(sigs)
	for {
		select {
		case <-ctx.Done():
			return
		case sig := <-sigs:
			ask(actions, signalActions[sig])
		}
	}
}

// ask hands over one action; a second one while the first waits changes nothing.
func ask(actions chan<- Action, a Action) {
	select {
	case actions <- a:
	default:
	}
}

// watchPowerButton listens to ACPI's events over netlink, which need the
// button module only and no input device. Without it, a BMC's soft power off
// does nothing; the host works all the same.
func watchPowerButton(ctx context.Context, actions chan<- Action) {
	family, err := netlink.GenlFamilyGet("acpi_event")
	if err != nil {
		return
	}
	var groups []uint
	for _, g := range family.Groups {
		groups = append(groups, uint(g.ID))
	}
	sock, err := nl.Subscribe(unix.NETLINK_GENERIC, groups...)
	if err != nil {
		return
	}
	go func() {
		<-ctx.Done()
		sock.Close()
	}()
	for {
		msgs, _, err := sock.Receive()
		if err != nil {
			return
		}
		for _, m := range msgs {
			if m.Header.Type == family.ID && acpiPowerButton(m.Data) {
				ask(actions, PowerOff)
			}
		}
	}
}

// acpiPowerButton reads one generic netlink message of the acpi_event family:
// a 4-byte header, then attribute 1 with a 20-byte device class, a 15-byte bus
// id and two words.
func acpiPowerButton(b []byte) bool {
	const genlHeader, attrHeader, class = 4, 4, 20
	if len(b) < genlHeader+attrHeader+class {
		return false
	}
	b = b[genlHeader:]
	if size := int(binary.NativeEndian.Uint16(b)); size < attrHeader+class || binary.NativeEndian.Uint16(b[2:]) != 1 {
		return false
	}
	name, _, _ := bytes.Cut(b[attrHeader:attrHeader+class], []byte{0})
	return string(name) == "button/power"
}
