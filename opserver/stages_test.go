package opserver

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func TestRepeatedStagesAreOne(t *testing.T) {
	now := time.Unix(1e9, 0)
	records := newRecords()
	s := newStages(records, slog.New(slog.DiscardHandler), func() time.Time { return now })
	event := ophub.Event{Stage: ophub.StageDHCP, Detail: "asked"}
	s.publish("node1", "dhcp xid 1", event)
	s.publish("node1", "dhcp xid 1", event) // sent twice
	s.publish("node1", "dhcp xid 2", event) // asked anew
	s.publish("node2", "dhcp xid 1", event)
	s.publish("node1", "", event)
	s.publish("node1", "", event)
	now = now.Add(stageRepeat)
	s.publish("node1", "dhcp xid 1", event)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	// What is queued when the server ends is still written.
	if err := s.run(ctx); err != nil {
		t.Fatal(err)
	}
	if n, m := len(records.boots["node1"].Events), len(records.boots["node2"].Events); n != 5 || m != 1 {
		t.Errorf("%d and %d events", n, m)
	}
}

// What a machine fetches again after it has asked for an address anew is not
// what it fetched before, however soon that is.
func TestStagesOfTheNextBoot(t *testing.T) {
	records := newRecords()
	s := newStages(records, slog.New(slog.DiscardHandler), func() time.Time { return time.Unix(1e9, 0) })
	for _, key := range []string{"dhcp xid 1", "tftp program", "tftp program", "dhcp xid 2", "dhcp xid 2", "dhcp xid 1", "tftp program"} {
		s.publish("node1", key, ophub.Event{Stage: ophub.StageBootFile, Detail: key})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.run(ctx); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range records.boots["node1"].Events {
		told = append(told, e.Detail)
	}
	if want := []string{"dhcp xid 1", "tftp program", "dhcp xid 2", "tftp program"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

func TestPublishingNeverWaits(t *testing.T) {
	now := time.Unix(1e9, 0)
	s := newStages(newRecords(), slog.New(slog.DiscardHandler), func() time.Time { now = now.Add(time.Microsecond); return now })
	for i := range 10 * stageQueue { // and nobody writes
		s.publish("node1", mac(i), ophub.Event{Stage: ophub.StageDHCP})
	}
	if len(s.queue) != stageQueue {
		t.Errorf("%d queued", len(s.queue))
	}
	now = now.Add(time.Hour)
	for i := range 10 * stageQueue {
		s.publish("node1", mac(1<<20+i), ophub.Event{Stage: ophub.StageDHCP})
	}
	if len(s.recent) > 11*stageQueue {
		t.Errorf("%d keys are remembered", len(s.recent))
	}
}

func TestOneMACOnTwoRecords(t *testing.T) {
	d := &directory{log: slog.New(slog.DiscardHandler)}
	d.set([]ophub.Host{{Name: "a", MACs: []string{mac1, mac2}}, {Name: "b", MACs: []string{mac1, mac9}}, {Name: "c", MACs: []string{mac1}}})
	if host, ok := d.byMAC(mac1); ok {
		t.Errorf("%s is served as %s", mac1, host.Name)
	}
	for mac, want := range map[string]string{mac2: "a", mac9: "b"} {
		if host, ok := d.byMAC(mac); !ok || host.Name != want {
			t.Errorf("%s is %q", mac, host.Name)
		}
	}
}
