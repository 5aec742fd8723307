package iossim

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden transcripts anew")

// atNoon is a clock that stands still.
func atNoon() time.Time { return time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC) }

// small is a switch with few ports and nothing secret in its configuration.
func small(t testing.TB, change func(*Config)) *Sim {
	t.Helper()
	cfg := Config{Hostname: "leaf1", Ports: 6, Clock: atNoon}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// privileged is a session at the console.
func privileged(s *Sim) *session {
	session := newSession(s, "console")
	session.level, session.context = 15, inExec
	return session
}

// TestTranscripts types the lines of testdata/transcripts/*.in and compares
// what a terminal would show.
func TestTranscripts(t *testing.T) {
	inputs, err := filepath.Glob("testdata/transcripts/*.in")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, input := range inputs {
		name := strings.TrimSuffix(filepath.Base(input), ".in")
		t.Run(name, func(t *testing.T) {
			lines, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			session := privileged(small(t, func(c *Config) {
				if name == "nexus" {
					c.Profile = "N9K-C93180YC-EX"
				}
			}))
			var shown strings.Builder
			for _, line := range strings.Split(strings.TrimSuffix(string(lines), "\n"), "\n") {
				shown.WriteString(session.promptText() + line + "\n")
				shown.WriteString(session.answer(line))
			}
			compare(t, strings.TrimSuffix(input, ".in")+".golden", shown.String())
		})
	}
}

func compare(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			t.Fatalf("%s: line %d is\n%s\nwant\n%s", golden, i+1, g[i], strings.Join(w[min(i, len(w)):min(i+1, len(w))], ""))
		}
	}
	t.Fatalf("%s: %d lines, want %d", golden, len(g), len(w))
}
