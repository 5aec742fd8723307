package ios

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/internal/sshtest"
)

// fault is what the fake device does at one line instead of its duty.
type fault struct {
	answer string // sent instead of the real answer; the line has no effect
	log    string // a log line that bursts into the echo
	redraw bool   // after the burst, print prompt and echo anew
	behind string // a log line written behind the prompt
	within string // log lines written in between the lines of the answer
	drop   bool   // close the connection after the echo
	lose   bool   // carry out the line and close the connection without an answer
	silent bool   // never answer
	ask    string // ask for a confirmation first
	times  int    // how often; 0 is once
}

// fakeDevice serves a fakeSwitch over SSH on loopback.
type fakeDevice struct {
	sshtest.Server
	t  testing.TB
	sw *fakeSwitch

	login      string // what is printed before the first prompt
	enable     string // enable password; empty starts at level 15
	chunk      int    // bytes a write; 0 is all at once
	keyboard   bool   // offer keyboard-interactive too
	muteShell  bool   // open the shell and say nothing
	paging     int    // lines a page of `show` answers, 0 for none
	timestamps bool   // exec prompt timestamp
	legacy     bool   // know only broken algorithms

	mu       sync.Mutex
	faults   map[string]*fault
	storm    func(line string) fault // strikes where no fault is set
	sent     []string                // lines received
	logins   int                     // passwords offered
	sessions int
}

func startDevice(t testing.TB, sw *fakeSwitch) *fakeDevice {
	t.Helper()
	d := &fakeDevice{t: t, sw: sw, faults: map[string]*fault{}}
	d.Server = sshtest.Start(t, d.letIn, d.shell)
	return d
}

const (
	testUser, testPassword, testEnable = "admin", "s3cret-login", "s3cret-enable"
)

func (d *fakeDevice) target() fabric.Target {
	d.settle()
	return fabric.Target{
		Name: "leaf1", Address: d.Address(), Username: testUser, Password: testPassword, EnablePassword: testEnable,
		HostKey: d.HostKey(),
		Timeouts: fabric.Timeouts{Connect: 20 * time.Second, Command: 20 * time.Second, Read: 20 * time.Second,
			Save: 20 * time.Second, Retry: time.Millisecond, Lock: 20 * time.Second, Rollback: 20 * time.Second},
	}
}

// settle makes what a test has set visible to the serving goroutines.
func (d *fakeDevice) settle() {
	d.mu.Lock()
	defer d.mu.Unlock()
}

func (d *fakeDevice) at(line string, f fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults[line] = &f
}

func (d *fakeDevice) lines() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.sent...)
}

func (d *fakeDevice) take(line string) fault {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sent = append(d.sent, line)
	f := d.faults[line]
	if f == nil && d.storm != nil {
		return d.storm(line)
	}
	if f == nil {
		return fault{}
	}
	if f.times--; f.times <= 0 {
		delete(d.faults, line)
	}
	return *f
}

func (d *fakeDevice) letIn(cfg *ssh.ServerConfig) {
	d.settle()
	check := func(password string) error {
		d.mu.Lock()
		d.logins++
		d.mu.Unlock()
		if password != testPassword {
			return errors.New("no")
		}
		return nil
	}
	cfg.PasswordCallback = func(_ ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) { return nil, check(string(p)) }
	if d.keyboard {
		cfg.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			a, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil || len(a) != 1 {
				return nil, errors.New("no answer")
			}
			return nil, check(a[0])
		}
	}
	if d.legacy {
		cfg.KeyExchanges = []string{ssh.InsecureKeyExchangeDH1SHA1}
		cfg.Ciphers = []string{ssh.InsecureCipherAES128CBC}
	}
}

func (d *fakeDevice) write(w io.Writer, s string) {
	b := []byte(strings.ReplaceAll(s, "\n", "\r\n"))
	n := d.chunk
	if n == 0 {
		n = len(b)
	}
	for len(b) > 0 {
		k := min(n, len(b))
		if _, err := w.Write(b[:k]); err != nil {
			return
		}
		b = b[k:]
	}
}

// input reads one line, without echo.
func input(r io.Reader) (string, error) {
	var line []byte
	one := make([]byte, 1)
	for {
		if _, err := io.ReadFull(r, one); err != nil {
			return "", err
		}
		switch one[0] {
		case '\n', '\r':
			return string(line), nil
		case 0x16:
		default:
			line = append(line, one[0])
		}
	}
}

func (d *fakeDevice) shell(ch ssh.Channel) {
	d.mu.Lock()
	d.sessions++
	d.mu.Unlock()
	if d.muteShell {
		_, _ = io.Copy(io.Discard, ch)
		return
	}
	privileged := d.enable == ""
	// The configuration mode of a session dies with it.
	d.mu.Lock()
	d.sw.mode = ""
	d.mu.Unlock()
	prompt := func() string {
		d.mu.Lock()
		defer d.mu.Unlock()
		host := d.sw.host
		switch {
		case d.sw.mode != "":
			return host[:min(len(host), 20)] + "(" + d.sw.mode + ")#"
		case privileged:
			return host + "#"
		}
		return host + ">"
	}
	d.write(ch, d.login+"\n"+prompt())
	for {
		line, err := input(ch)
		if err != nil {
			return
		}
		if line == "" {
			d.write(ch, "\n"+prompt())
			continue
		}
		f := d.take(line)
		d.echo(ch, line, prompt(), f)
		if f.drop {
			return
		}
		if f.silent {
			_, _ = io.Copy(io.Discard, ch)
			return
		}
		if f.ask != "" {
			d.write(ch, f.ask)
			if _, err := input(ch); err != nil {
				return
			}
			d.write(ch, "\n")
		}
		if line == "enable" && !privileged {
			var ok bool
			if privileged, ok = d.doEnable(ch); !ok {
				return
			}
			d.write(ch, prompt())
			continue
		}
		answer := f.answer
		if answer == "" {
			answer = d.run(line, privileged)
		}
		if f.lose {
			return
		}
		if d.timestamps && strings.HasPrefix(line, "show ") {
			answer = "Load for five secs: 14%/0%; one minute: 9%; five minutes: 8%\nTime source is NTP, 18:20:00.000 UTC Mon Nov 23 2026\n\n" + answer
		}
		if at := strings.Index(answer, "\n"); f.within != "" && at >= 0 {
			answer = answer[:at+1] + f.within + "\n" + answer[at+1:]
		}
		d.page(ch, line, answer)
		d.write(ch, prompt())
		if f.behind != "" {
			d.write(ch, "\n"+f.behind+"\n")
		}
	}
}

// page sends an answer, in pages if the device is told to.
func (d *fakeDevice) page(ch ssh.Channel, line, answer string) {
	if d.paging == 0 || !strings.HasPrefix(line, "show ") {
		d.write(ch, answer)
		return
	}
	lines := strings.SplitAfter(answer, "\n")
	for i, l := range lines {
		if i > 0 && i%d.paging == 0 {
			d.write(ch, " --More-- ")
			one := make([]byte, 1)
			if _, err := io.ReadFull(ch, one); err != nil {
				return
			}
			d.write(ch, strings.Repeat("\b", 9)+strings.Repeat(" ", 8)+strings.Repeat("\b", 9))
		}
		d.write(ch, l)
	}
}

func (d *fakeDevice) echo(ch ssh.Channel, line, prompt string, f fault) {
	if f.log == "" {
		d.write(ch, line+"\n")
		return
	}
	half := len(line) / 2
	d.write(ch, line[:half]+"\n"+f.log+"\n")
	if f.redraw {
		d.write(ch, prompt+line[:half])
	}
	d.write(ch, line[half:]+"\n")
}

func (d *fakeDevice) doEnable(ch ssh.Channel) (privileged, ok bool) {
	for range 3 {
		d.write(ch, "Password: ")
		p, err := input(ch)
		if err != nil {
			return false, false
		}
		d.write(ch, "\n")
		if p == d.enable {
			return true, true
		}
	}
	d.write(ch, "% Bad secrets\n\n")
	return false, true
}

func (d *fakeDevice) run(line string, privileged bool) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.sw.mode != "":
		return d.sw.exec(line)
	case line == "configure terminal" && privileged:
		d.sw.mode = "config"
		return "Enter configuration commands, one per line.  End with CNTL/Z.\n"
	case d.sw.ways != nil:
		if text, known := d.sw.ways.answer(d.sw, line, testUser); known {
			return text
		}
	case !privileged && strings.HasPrefix(line, "show running"):
		return invalid
	}
	return d.sw.show(line)
}

// noSecret fails if a text holds one of the passwords.
func noSecret(t testing.TB, where, text string) {
	t.Helper()
	for _, s := range []string{testPassword, testEnable} {
		if strings.Contains(text, s) {
			t.Errorf("%s shows a password: %s", where, text)
		}
	}
}

// logBuffer collects log lines for inspection.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var _ fmt.Stringer = (*logBuffer)(nil)
