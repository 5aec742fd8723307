package ios

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// TestMessages keeps the texts that an operator reads in one file.
func TestMessages(t *testing.T) {
	const sw = "leaf1 (192.0.2.1)"
	timeout := &UnreachableError{Switch: sw, Doing: `wait for the answer to "vlan 20"`, Err: context.DeadlineExceeded}
	pending := Pending{WayBack: WayBackReload, User: "admin", Own: true, Fires: time.Date(2026, 3, 2, 12, 5, 0, 0, time.UTC)}
	var texts []string
	for _, err := range []error{
		&HostKeyError{Switch: sw, Presented: "SHA256:new", KeyType: "ssh-rsa"},
		&HostKeyError{Switch: sw, Presented: "SHA256:new", KeyType: "ssh-rsa", Want: "SHA256:old"},
		&AuthError{Switch: sw, User: "admin", Stage: "login", Err: errors.New("x")},
		&AuthError{Switch: sw, User: "admin", Stage: "enable", Err: errors.New("the enable password is wrong, or enabling is not allowed")},
		timeout,
		&ApplyError{Switch: sw, Line: "vlan 20", Number: 1, Total: 8, RolledBack: true, Answer: "VTP VLAN configuration not allowed when device is in CLIENT mode.\n"},
		&ApplyError{Switch: sw, Line: "vlan 20", Number: 2, Total: 8, RolledBack: true, Landed: []string{"a"}, Err: timeout},
		&ApplyError{Switch: sw, Line: "vlan 20", Number: 3, Total: 8, Landed: []string{"a", "b"}, Err: timeout, Rollback: errors.New("no new session for the way back")},
		&ApplyError{Switch: sw, Line: lineEnter, Total: 8, RolledBack: true, Answer: "Configuration mode is locked"},
		&ApplyError{Switch: sw, Line: lineLeave, Number: 9, Total: 8, RolledBack: true, Landed: make([]string, 8), Answer: "% Failed to commit"},
		&VerifyError{Switch: sw, Missing: []string{"interface " + gi1, "shutdown"}, RolledBack: true},
		&VerifyError{Switch: sw, Rollback: errors.New("silence")},
		&ApplyError{Switch: sw, Line: "show startup-config", Total: 8, RolledBack: true, Err: timeout},
		&ApplyError{Switch: sw, Line: "vlan 20", Number: 3, Total: 8, Landed: []string{"a", "b"}, Err: timeout, Rollback: errors.New("no new session for the way back"), Pending: &pending},
		&VerifyError{Switch: sw, Err: errors.New("no new session"), Rollback: errors.New("silence"), Pending: &pending},
		&LockedError{Switch: sw, Waited: 30 * time.Second, Err: errors.New("locked by process '484'")},
		&PendingError{Switch: sw, Waited: 30 * time.Second, Pending: &Pending{WayBack: WayBackRevertTimer, User: "alice", When: "5 min from 12:00:00 UTC"}},
		&PendingError{Switch: sw, Waited: 30 * time.Second, Pending: &Pending{WayBack: WayBackReload, User: "admin", When: "12:05:00 UTC (in 5 minutes)", Own: true}, Busy: true},
		&WayBackError{Switch: sw, WayBack: WayBackRevertTimer, Err: errors.New("%Turn config archive on before using Rollback Confirmed Change")},
		&SaveError{Switch: sw, Err: errors.New("busy for 1m0s")},
		&ChangedError{Switch: sw, Planned: "scope:aa", Found: "scope:bb"},
		&UnmetError{Switch: sw, Unmet: []*fabric.FieldError{{Path: []string{"ports", gi1, "access_vlan"}, Summary: "VLAN 20 is not on leaf1"}}},
	} {
		texts = append(texts, err.Error())
	}
	golden(t, "messages.json", texts)
}

func TestLimitSaysHowLong(t *testing.T) {
	ctx, cancel := limit(t.Context(), time.Nanosecond, "no answer")
	defer cancel()
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within 1ns") {
		t.Error(err)
	}
}
