package nxos

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/internal/sshtest"
)

// fakeNexus serves a nexus over SSH on loopback.
type fakeNexus struct {
	sshtest.Server

	mu          sync.Mutex
	sw          *nexus
	startup     string
	checkpoints map[string]*nexus
	noRollback  bool
	faults      map[string]string // by line: "reject", "unknown", "log", "drop", "lose"
	sent        []string
	sessions    int
}

const testUser, testPassword = "ops", "s3cret-login"

func startNexus(t testing.TB, sw *nexus) *fakeNexus {
	t.Helper()
	d := &fakeNexus{sw: sw, checkpoints: map[string]*nexus{}, faults: map[string]string{}}
	d.Server = sshtest.Start(t, d.letIn, d.shell)
	return d
}

func (d *fakeNexus) target() fabric.Target {
	const long = 20 * time.Second
	return fabric.Target{
		Name: "nx", Address: d.Address(), Username: testUser, Password: testPassword, Platform: Platform,
		HostKey:  d.HostKey(),
		Timeouts: fabric.Timeouts{Connect: long, Command: long, Read: long, Save: long, Retry: time.Millisecond, Lock: long, Rollback: long},
	}
}

func (d *fakeNexus) letIn(cfg *ssh.ServerConfig) {
	cfg.PasswordCallback = func(_ ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) {
		if string(p) != testPassword {
			return nil, errors.New("no")
		}
		return nil, nil
	}
}

// shell speaks with one user. The lines of a block are kept until they are
// complete, since the model takes whole blocks.
func (d *fakeNexus) shell(ch ssh.Channel) {
	d.mu.Lock()
	d.sessions++
	d.mu.Unlock()
	in := bufio.NewReader(ch)
	write := func(s string) { _, _ = io.WriteString(ch, strings.ReplaceAll(s, "\n", "\r\n")) }
	mode, head := "", ""
	prompt := func() string {
		if mode != "" {
			return "nx(" + mode + ")# "
		}
		return "nx# "
	}
	write("\nCisco Nexus Operating System (NX-OS) Software\n" + prompt())
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		d.mu.Lock()
		if mode != "" {
			d.sent = append(d.sent, line)
		}
		fault := d.faults[line]
		if fault != "" {
			delete(d.faults, line)
		}
		answer := ""
		switch {
		case fault == "reject":
			answer = "ERROR: the switch does not want to\n"
		case fault == "unknown":
			answer = "Lorem ipsum\n"
		case fault == "drop":
		case line == "configure terminal":
			mode, answer = "config", "Enter configuration commands, one per line. End with CNTL/Z.\n"
		case line == "end":
			mode, head = "", ""
		case mode != "":
			mode, head, answer = d.configLine(mode, head, line)
		default:
			answer = d.show(line)
		}
		d.mu.Unlock()
		switch fault {
		case "drop", "lose":
			write(line + "\n")
			return
		case "log":
			answer = "2026 Nov 23 10:00:00 nx %ETHPORT-5-IF_UP: Interface Ethernet1/1 is up\n" + answer
		}
		write(line + "\n" + answer + prompt())
	}
}

func (d *fakeNexus) configLine(mode, head, line string) (string, string, string) {
	lines := []string{line}
	if head != "" && line != "exit" {
		lines = []string{head, line, "exit"}
	}
	if line == "exit" {
		return "config", "", ""
	}
	if err := d.sw.apply(lines); err != nil {
		return mode, head, "ERROR: " + err.Error() + "\n"
	}
	switch {
	case strings.HasPrefix(line, "interface "):
		return "config-if", line, ""
	case strings.HasPrefix(line, "vlan "):
		return "config-vlan", line, ""
	case head == "":
		return "config", "", ""
	case strings.HasPrefix(line, "spanning-tree port type edge"):
		return mode, head, "Warning: Edge port type (portfast) should only be enabled on ports connected to a single\n host. Connecting hubs, concentrators, switches, bridges, etc...  to this\n" +
			" interface  when edge port type (portfast) is enabled, can cause temporary bridging loops.\n Use with CAUTION\n\n"
	}
	return mode, head, ""
}

func (d *fakeNexus) show(line string) string {
	word, name, _ := strings.Cut(line, " ")
	switch {
	case line == lineRunning:
		return "\n" + d.sw.String() + "\n"
	case line == lineDefaults:
		no := map[bool]string{true: "", false: "no "}
		return no[!d.sw.routedDefault] + "system default switchport\n" + no[d.sw.downDefault] + "system default switchport shutdown\n"
	case line == lineVersion:
		return "Cisco Nexus Operating System (NX-OS) Software\n\nSoftware\n  NXOS: version 9.3(10)\n\nHardware\n  cisco Nexus9000 C93180YC-FX3 Chassis\n  Device name: nx\n"
	case line == lineSave:
		d.startup = d.sw.String()
		return "[########################################] 100%\nCopy complete.\n"
	case strings.HasPrefix(line, "terminal "):
		return ""
	case line == "show checkpoint summary":
		var b strings.Builder
		for i, name := range slices.Sorted(maps.Keys(d.checkpoints)) {
			fmt.Fprintf(&b, "%d) %s:\nCreated by %s\n", i+1, name, testUser)
		}
		return b.String()
	case word == "checkpoint":
		d.checkpoints[name] = d.sw.clone()
		return "..Done\n"
	case strings.HasPrefix(line, "no checkpoint "):
		name = strings.TrimPrefix(line, "no checkpoint ")
		delete(d.checkpoints, name)
		return "Done\n"
	case strings.HasPrefix(line, "rollback running-config checkpoint "):
		saved := d.checkpoints[strings.Fields(line)[3]]
		if d.noRollback || saved == nil {
			return "Rollback failed.\n"
		}
		d.sw = saved.clone()
		return "Note: Applying config parallelly may fail Rollback verification\nCollecting Running-Config\nRollback completed successfully.\n"
	}
	return "% Invalid command at '^' marker.\n"
}

func (n *nexus) clone() *nexus {
	c := &nexus{n.routedDefault, n.downDefault, n.drags, maps.Clone(n.features), map[int]map[string]string{}, map[string]*nxPort{}}
	for id, v := range n.vlans {
		c.vlans[id] = maps.Clone(v)
	}
	for name, p := range n.ports {
		q := *p
		q.v = maps.Clone(p.v)
		c.ports[name] = &q
	}
	return c
}

func (d *fakeNexus) running() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sw.String()
}
