package bmc_test

import (
	"errors"
	"io"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

// Who has lost the console to somebody else does not take it from them by closing it.
func TestClosingATakenConsole(t *testing.T) {
	chassis := &serial{}
	b, node := serve(t, chassis)
	ctx := minute(t)
	mine, err := node.Console(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := node.ReleaseConsole(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := mine.Read(make([]byte, 1)); !errors.Is(err, ipmi.ErrConsoleTaken) {
		t.Fatalf("it was taken: %v", err)
	}
	theirs, err := node.Console(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := mine.Close(); err != nil {
		t.Error(err)
	}
	go func() { _, _ = io.WriteString(chassis.wire(), "theirs") }()
	heard := make([]byte, len("theirs"))
	if _, err := io.ReadFull(theirs, heard); err != nil || string(heard) != "theirs" {
		t.Errorf("they hear %q, %v", heard, err)
	}
	if err := theirs.Close(); err != nil {
		t.Error(err)
	}
	if n := b.OpenSessions(); n != 0 {
		t.Errorf("%d sessions are open", n)
	}
}
