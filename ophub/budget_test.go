package ophub

import (
	"testing"
	"time"
)

// TestBudgetLooksBackSoFar: boots that are long ago do not count.
func TestBudgetLooksBackSoFar(t *testing.T) {
	b := Boot{}
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	budget := Budget{Attempts: 2, Minutes: 10}
	for range 20 { // one each five minutes is two in ten
		if !b.begin(budget, now) {
			t.Fatalf("in quarantine: %+v", b)
		}
		now = now.Add(5 * time.Minute)
	}
	now = now.Add(-time.Second)
	if b.begin(budget, now) || b.Quarantine.Reason != "it has begun to boot 3 times within 10 minutes without its agent registering" {
		t.Errorf("%+v", b.Quarantine)
	}
	if len(b.Starts) > 2 {
		t.Errorf("%d starts are kept", len(b.Starts))
	}
}
