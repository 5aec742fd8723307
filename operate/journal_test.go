package operate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func nextNote(t *testing.T, notes <-chan Note) Note {
	t.Helper()
	select {
	case n := <-notes:
		return n
	case <-time.After(10 * time.Second):
		t.Fatal("no note came")
		return Note{}
	}
}

// A journal is followed from before it is there, over noise, half lines, and its being put aside.
func TestJournalFollowed(t *testing.T) {
	j := JournalIn(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	notes := j.Follow(ctx)
	add := func(message string) {
		t.Helper()
		if err := j.Add(Note{Host: "node1", Message: message, Stage: ophub.StageDHCP}); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(message string) {
		t.Helper()
		if n := nextNote(t, notes); n.Message != message || n.Host != "node1" || n.Time.IsZero() || n.Stage != ophub.StageDHCP {
			t.Fatalf("got %+v, want %q", n, message)
		}
	}
	write := func(text string) {
		t.Helper()
		f, err := os.OpenFile(j.Path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	add("one")
	expect("one")
	write("not a note\n{}\n{\"host\":\"x\",\"message\":\"y\",\"stage\":\"nowhere\"}\n" + strings.Repeat("x", maxNote+10) + "\n")
	write(`{"time":"2026-01-02T03:04:05Z","host":"node1","message":"half`)
	add("unread") // it is part of the half line, which is then no note
	add("two")
	expect("two")
	if err := os.Truncate(j.Path, 0); err != nil {
		t.Fatal(err)
	}
	add("three")
	expect("three")
	if err := os.Truncate(j.Path, journalSize+1); err != nil {
		t.Fatal(err)
	}
	add("four")
	expect("four")
	if old, err := os.Stat(j.Path + journalOld); err != nil || old.Size() != journalSize+1 {
		t.Errorf("it was not put aside: %v", err)
	}
	cancel()
	for range notes {
	}
}

// Lines of several writers do not mix.
func TestJournalOfMany(t *testing.T) {
	j := JournalIn(t.TempDir())
	const writers, lines = 8, 50
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for range lines {
				if err := j.Add(Note{Host: fmt.Sprint("node", w), Message: strings.Repeat("m", 9000)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	notes := j.Follow(t.Context())
	for range writers * lines {
		nextNote(t, notes)
	}
}

func FuzzNote(f *testing.F) {
	f.Add([]byte(`{"time":"2026-01-02T03:04:05Z","host":"node1","message":"reboot","evidence":"x","stage":"dhcp","outcome":"failed"}`))
	f.Add([]byte(`{"host":1}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		n, ok := parseNote(line)
		if !ok {
			if n != (Note{}) {
				t.Errorf("no note, and yet %+v", n)
			}
			return
		}
		again, err := json.Marshal(n)
		if err != nil {
			return // a year beyond what can be written
		}
		if back, ok := parseNote(again); !ok || !back.Time.Equal(n.Time) || back.Message != n.Message || bytes.ContainsRune(again, '\n') {
			t.Errorf("%s is read as %+v", again, back)
		}
	})
}
