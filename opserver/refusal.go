package opserver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// How long a machine that gets no image waits before it asks again: one whose
// image is to be had any moment, and one that an operator must look at first.
const (
	refusedPause     = 15 * time.Second
	quarantinedPause = time.Minute
)

// quarantined is why a host gets no image although there is one.
type quarantined struct{ ophub.Quarantine }

func (q *quarantined) Error() string {
	return fmt.Sprintf("in quarantine since %s: %s", q.Since.UTC().Format("2006-01-02 15:04:05 MST"), q.Reason)
}

// beginBoot counts a boot against the host's budget. The error is that of a host
// which has used it up; records that cannot be written keep nobody from booting.
func (s *Server) beginBoot(ctx context.Context, host ophub.Host) error {
	ctx, cancel := context.WithTimeout(ctx, stageTimeout)
	defer cancel()
	q, err := s.Hub.BeginBoot(ctx, host.Name, host.Budget)
	if err != nil {
		s.Logger.Error("http: a boot is not counted", "host", host.Name, "error", err)
		return nil
	}
	if q != nil {
		return &quarantined{*q}
	}
	return nil
}

// ofGuest is the error of a stranger that has used up its budget; only the
// machine itself spends of it.
func (s *Server) ofGuest(mac string, itself bool) error {
	q := s.discovery.quarantine(mac, s.Now())
	if itself {
		q = s.discovery.begin(mac, s.Now())
	}
	if q != nil {
		return &quarantined{*q}
	}
	return nil
}

// inQuarantine is the error of a host in quarantine, for those who only look at
// its script; a host that waits in its boot loader may be one of them, when its
// lease has run out.
func (s *Server) inQuarantine(ctx context.Context, host ophub.Host) error {
	ctx, cancel := context.WithTimeout(ctx, stageTimeout)
	defer cancel()
	boot, err := s.Hub.Boot(ctx, host.Name)
	if err != nil {
		s.Logger.Error("http: the boot record cannot be read", "host", host.Name, "error", err)
		return nil
	}
	if boot.Quarantine != nil {
		return &quarantined{*boot.Quarantine}
	}
	return nil
}

// refusal is what is recorded of a host that cannot be booted now, and its
// script: it says why on the console and asks again. So a host that is released
// from quarantine boots by itself, and until then goes through no firmware and
// starts nothing else that it may find on a disk.
func (s *Server) refusal(host ophub.Host, mac string, err error) (detail, script string) {
	var q *quarantined
	if errors.As(err, &q) {
		s.Logger.Error("http: no image for a host in quarantine", "host", host.Name, "mac", mac, "since", q.Since, "reason", q.Reason)
		waits := "It waits here for: cthulix host release " + host.Name
		if !s.onRecord(mac) {
			waits = fmt.Sprintf("It waits here for a host record, another discovery image, or %s", q.Since.Add(guestQuarantine).UTC().Format("15:04 MST"))
		}
		return clip(err.Error(), 200), s.waitingScript(mac, quarantinedPause, fmt.Sprintf("%s is %s", host.Name, err), waits)
	}
	s.Logger.Error("http: no boot script", "host", host.Name, "mac", mac, "error", err)
	return "no boot script: " + clip(err.Error(), 200), s.waitingScript(mac, refusedPause,
		fmt.Sprintf("%s cannot boot now: %s", host.Name, err),
		fmt.Sprintf("Trying again in %d seconds", int(refusedPause.Seconds())))
}

// waitingScript prints lines on a machine's console, waits, and asks again. A
// boot loader does not renew its lease, so it asks for it anew in time.
func (s *Server) waitingScript(mac string, wait time.Duration, lines ...string) string {
	var b strings.Builder
	b.WriteString("#!ipxe\n")
	for _, line := range lines {
		// Nothing of the text may be taken for iPXE's own syntax.
		plain := strings.Map(func(r rune) rune {
			if strings.ContainsRune("${}|&\\\"'#", r) || r < ' ' || r > 0x7e {
				return '.'
			}
			return r
		}, clip(line, 300))
		fmt.Fprintf(&b, "echo Cthulix: %s\n", plain)
	}
	b.WriteString("isset ${waits} || set waits:int32 0\ninc waits\n")
	fmt.Fprintf(&b, "sleep %d\n", int(wait.Seconds()))
	fmt.Fprintf(&b, "iseq ${waits} %d && set waits:int32 0 && dhcp ||\n", max(1, int(s.LeaseTime/2/wait)))
	fmt.Fprintf(&b, "chain --replace %s%s?mac=%s || reboot\n", s.baseURL, pathScript, mac)
	return b.String()
}
