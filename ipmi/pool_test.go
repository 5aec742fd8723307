package ipmi

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestPace asks for more commands than the burst: those beyond it wait for their time, which a context can cut short.
func TestPace(t *testing.T) {
	l := newLine()
	target := Target{Rate: 50, Burst: 3}
	began := time.Now()
	for range 3 {
		if err := l.pace(context.Background(), target); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		if err := l.pace(context.Background(), target); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < 95*time.Millisecond {
		t.Errorf("5 commands beyond the burst went out in %s, at 50 a second", took)
	}
	// Another line, for on a busy machine this one may have room again.
	l, target = newLine(), Target{Rate: 0.001, Burst: 1}
	if err := l.pace(context.Background(), target); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if err := l.pace(ctx, target); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// What is refused to a privilege is not refused to the account.
func TestRefusalsAreApart(t *testing.T) {
	l, target := newLine(), Target{Address: "bmc1", Username: "bob", Password: "secret"}
	l.remember(target, PrivilegeAdministrator, "not an administrator")
	if _, ok := l.remembered(target, PrivilegeOperator); ok {
		t.Error("the operator is refused, too")
	}
	if reason, ok := l.remembered(target, PrivilegeAdministrator); !ok || reason != "not an administrator" {
		t.Errorf("%q, %v", reason, ok)
	}
	l.remember(target, anyPrivilege, "wrong password")
	if reason, ok := l.remembered(target, PrivilegeOperator); !ok || reason != "wrong password" {
		t.Errorf("%q, %v", reason, ok)
	}
}
