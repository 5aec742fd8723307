package light

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/lab/netstack"
)

// live is one boot, until ctx ends or linux restarts the machine.
func (m *Machine) live(ctx context.Context, l *life) error {
	cable, err := m.cfg.Plug()
	if err != nil {
		return fmt.Errorf("plug the cable: %w", err)
	}
	card := newNIC(cable)
	defer card.Close()
	m.serial.Say("Light firmware, network card %s: booting from the network", m.cfg.MAC)
	first, err := m.configure(ctx, card, asFirmware(l.efi))
	if err != nil {
		return err
	}
	stack, err := netstack.New(card, first.address, m.cfg.MAC)
	if err != nil {
		return err
	}
	defer stack.Close()
	m.serial.Say("PXE: %s, loading %s from %s", first.address, first.file, first.server)
	if err := m.insist(ctx, "boot program", func() error { return fetchTFTP(ctx, stack, first.server, first.file) }); err != nil {
		return err
	}
	second, err := m.configure(ctx, card, asIPXE(l.efi))
	if err != nil {
		return err
	}
	m.serial.Say("iPXE: %s, loading %s", second.address, second.file)
	client := &http.Client{Transport: &http.Transport{DialContext: stack.DialContext, IdleConnTimeout: time.Minute}}
	defer client.CloseIdleConnections()
	script, err := m.fetchImage(ctx, client, second.file)
	if err != nil {
		return err
	}
	m.log.Debug("linux starts", "arguments", script.args)
	m.serial.Say("Linux version %s", version)
	m.serial.Say("Command line: %s", strings.Join(script.args, " "))
	switch script.value("light.fail=") {
	case FailPanic:
		m.serial.Say("Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)")
		<-ctx.Done()
		return nil
	case FailAgent:
		<-ctx.Done()
		return nil
	case FailLoop:
		m.serial.Say("reboot: Restarting system")
		if err := pause(ctx, m.cfg.Retry); err != nil {
			return err
		}
		go m.restart(l)
		<-ctx.Done()
		return nil
	}
	return m.agent(ctx, l, client, script, first.address.Addr())
}

// insist tries until it succeeds or ctx ends.
func (m *Machine) insist(ctx context.Context, what string, try func() error) error {
	wait := m.backoff()
	for {
		err := try()
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		m.log.Debug("trying again", "what", what, "error", err)
		m.serial.Say("%s: %v", what, err)
		if err := wait.wait(ctx); err != nil {
			return err
		}
	}
}

// fetchImage runs the boot script up to its `boot`. Like the script's own loop, it
// tries again what it could not load, and does not ask for another script.
func (m *Machine) fetchImage(ctx context.Context, client *http.Client, url string) (script, error) {
	var s script
	err := m.insist(ctx, "boot script", func() error {
		text, err := fetch(ctx, client, http.MethodGet, url)
		if err != nil {
			return err
		}
		if s = parseScript(string(text)); s.linux == "" {
			return fmt.Errorf("the script boots nothing: %s", s.echo)
		}
		return nil
	})
	for _, blob := range append([]string{s.linux}, s.initrd...) {
		if err != nil {
			break
		}
		err = m.insist(ctx, "image", func() error {
			_, err := fetch(ctx, client, string(m.cfg.Fetch), blob)
			return err
		})
	}
	return s, err
}

// maxFetched bounds what is kept of an answer; blobs are read and dropped.
const maxFetched = 64 << 10

// fetchTime bounds one request; what takes longer is tried again.
const fetchTime = time.Minute

func fetch(ctx context.Context, client *http.Client, method, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s", method, url, resp.Status)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxFetched))
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
	}
	return text, err
}

// script is what a boot script comes to.
type script struct {
	linux  string // URL
	initrd []string
	args   []string
	echo   string // what it last said
}

// parseScript reads the commands of an iPXE script that a machine without a
// screen takes notice of.
func parseScript(text string) script {
	var s script
	for line := range strings.Lines(text) {
		command, _, _ := strings.Cut(line, "||")
		words := strings.Fields(command)
		if len(words) < 2 {
			continue
		}
		verb, rest := words[0], words[1:]
		for len(rest) > 1 && rest[0] == "--name" {
			rest = rest[2:]
		}
		switch {
		case verb == "echo":
			s.echo = strings.Join(rest, " ")
		case verb == "kernel" && len(rest) > 0:
			s.linux, s.args = rest[0], rest[1:]
		case verb == "initrd" && len(rest) > 0:
			s.initrd = append(s.initrd, rest[0])
		}
	}
	return s
}

// value is what follows prefix on the command line, the last of several.
func (s script) value(prefix string) string {
	value := ""
	for _, a := range s.args {
		if v, ok := strings.CutPrefix(a, prefix); ok {
			value = v
		}
	}
	return value
}

// The packets of TFTP (RFC 1350).
const (
	tftpPort    = 69
	tftpData    = 3
	tftpAck     = 4
	tftpError   = 5
	tftpOptions = 6
	tftpBlock   = 1428 // that fits an Ethernet frame (RFC 2348)
	tftpTimeout = 5 * time.Second
)

// fetchTFTP reads a file to its end and drops it.
func fetchTFTP(ctx context.Context, stack *netstack.Stack, server netip.Addr, file string) error {
	conn, err := stack.ListenPacket(0, false)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	request := "\x00\x01" + file + "\x00octet\x00blksize\x00" + strconv.Itoa(tftpBlock) + "\x00"
	var to net.Addr = net.UDPAddrFromAddrPort(netip.AddrPortFrom(server, tftpPort))
	send, size := []byte(request), 512
	buf := make([]byte, tftpBlock+4)
	for want := uint16(1); ; {
		if _, err := conn.WriteTo(send, to); err != nil {
			return err
		}
		if err := conn.SetReadDeadline(time.Now().Add(tftpTimeout)); err != nil {
			return err
		}
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return fmt.Errorf("TFTP %s: %w", file, err)
		}
		if n < 4 {
			return fmt.Errorf("TFTP %s: a packet of %d bytes", file, n)
		}
		to = from
		block := uint16(buf[2])<<8 | uint16(buf[3])
		switch op := buf[1]; {
		case op == tftpOptions:
			send, size = []byte{0, tftpAck, 0, 0}, tftpBlock
		case op == tftpData:
			send = []byte{0, tftpAck, buf[2], buf[3]}
			if block != want {
				continue // one that was sent twice
			}
			want++
			if n-4 < size {
				_, err := conn.WriteTo(send, to)
				return err
			}
		case op == tftpError:
			return fmt.Errorf("TFTP %s: error %d: %s", file, block, strings.TrimRight(string(buf[4:n]), "\x00"))
		default:
			return errors.New("TFTP: a packet that is no answer")
		}
	}
}
