package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/operate"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// watching runs `cthulix host watch` on a journal, and returns its lines as they come, and how it ends.
func watching(t *testing.T, journal string, args ...string) (lines <-chan string, ended <-chan error, interrupt func()) {
	t.Helper()
	t.Setenv("CTHULIX_OPHUB_ADDR", "")
	out, in := io.Pipe()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	cmd := hostCommand()
	cmd.SetOut(in)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetArgs(append([]string{"watch", "node1", "--journal", journal}, args...))
	done := make(chan error, 1)
	go func() {
		done <- cmd.ExecuteContext(ctx)
		in.Close()
	}()
	said := make(chan string)
	go func() {
		defer close(said)
		for s := bufio.NewScanner(out); s.Scan(); {
			said <- s.Text()
		}
	}()
	return said, done, cancel
}

// note adds to a journal until the watch, which begins some time, has told of it.
func note(t *testing.T, path string, lines <-chan string, n operate.Note) string {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := (operate.Journal{Path: path}).Add(n); err != nil {
			t.Fatal(err)
		}
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatal("the watch ended")
			}
			return line
		case <-tick.C:
		}
	}
}

// The journal of an apply is followed to the end of the apply, and what is not done ends in an error.
func TestHostWatchJournal(t *testing.T) {
	for outcome, failed := range map[string]error{operate.OutcomeDone: nil, operate.OutcomeFailed: operate.ErrApplyFailed} {
		t.Run(outcome, func(t *testing.T) {
			path := operate.JournalIn(t.TempDir()).Path
			lines, ended, _ := watching(t, path, "--until", "joined", "-o", "json")
			var s operate.Sight
			line := note(t, path, lines, operate.Note{Host: "node1", Message: "no boot file", Boot: true, Stage: ophub.StageDHCP, Evidence: "saw\x1b[2J"})
			if err := json.Unmarshal([]byte(line), &s); err != nil || s.Host != "node1" || s.Stage != ophub.StageDHCP || s.WaitsFor == "" || s.State != operate.StateWaiting {
				t.Errorf("%v: %s", err, line)
			}
			if err := (operate.Journal{Path: path}).Add(operate.Note{Host: "node1", Message: "the apply ended", Outcome: outcome}); err != nil {
				t.Fatal(err)
			}
			for l := range lines {
				line = l
			}
			if err := <-ended; !errors.Is(err, failed) || failed == nil && err != nil {
				t.Errorf("it ended with %v", err)
			}
			if !strings.Contains(line, `"detail":"the apply ended`) {
				t.Errorf("its last line is %s", line)
			}
		})
	}
}

func TestHostWatchText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	lines, ended, interrupt := watching(t, path)
	line := note(t, path, lines, operate.Note{Host: "node1", Message: "drain: two\x1b[2J jobs"})
	if !regexp.MustCompile(`^ +\d+\.\ds  apply           drain: two \[2J jobs$`).MatchString(line) {
		t.Errorf("it says %q", line)
	}
	go func() {
		for range lines {
		}
	}()
	interrupt()
	if err := <-ended; err != nil {
		t.Errorf("interrupted: %v", err)
	}
}

func TestWriteSight(t *testing.T) {
	for _, c := range []struct {
		sight operate.Sight
		want  string
	}{
		{operate.Sight{Stage: ophub.StageDHCP, Detail: "has 10.0.0.1", WaitsFor: "its boot program", State: operate.StateWaiting, Elapsed: 2.5}, "    2.5s  dhcp            has 10.0.0.1; waits for its boot program\n"},
		{operate.Sight{Stage: ophub.StageDHCP, WaitsFor: "its boot program", Waited: 12.4, State: operate.StateWaiting, Elapsed: 100}, "  100.0s  dhcp            still waits for its boot program, for 12s\n"},
		{operate.Sight{Detail: "ready: agent", State: operate.StateReady, Stage: ophub.StageKernels}, "    0.0s  kernels joined  ready: agent\n"},
		{operate.Sight{Detail: "x", State: operate.StateQuarantined}, ""},
	} {
		var out bytes.Buffer
		writeSight(&out, c.sight)
		if out.String() != c.want {
			t.Errorf("%q, want %q", out.String(), c.want)
		}
	}
}

func TestHostWatchBadInput(t *testing.T) {
	t.Setenv("CTHULIX_OPHUB_ADDR", "")
	for args, want := range map[string]string{
		"--until ready": `--until: "ready" is no stage`,
		"-o yaml":       "text and json are what there is",
		"--timeout -1s": "not negative",
		"":              "no ophub address",
		"--journal x --until agent --timeout 1ms": "host node1 is not at agent: it waits for anything to be said of it (the timeout of 1ms is over)",
	} {
		cmd := hostCommand()
		cmd.SetOut(io.Discard)
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		cmd.SetArgs(append([]string{"watch", "node1"}, strings.Fields(args)...))
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", args, err)
		}
	}
}
