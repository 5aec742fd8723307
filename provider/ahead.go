package provider

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Terraform hands over what it applies piece by piece, and with -parallelism=1,
// or where one piece depends on another, not before the last one is done. So
// the pieces of a switch share a transaction only as far as they come together.
//
// With coalesce = "plan", the planning walk notes on disk what each part of a
// switch is to become, and the applying walk makes all of that in one transaction
// once Terraform hands over the first of it. A part that comes later finds itself
// made, and verified; one that could not be made ahead is made when it comes, and
// fails then, if it must, in its own name. Removals are never made ahead.
//
// A note serves the walk that comes next in the same Terraform command, and no
// other: who applies a saved plan cannot tell which planning it is from.

// coalesceHandedOver and coalescePlan are how parts of a switch come together.
const (
	coalesceHandedOver = "handed_over"
	coalescePlan       = "plan"
)

// aheadLife is how long notes lie about that nobody came back for.
const aheadLife = 24 * time.Hour

// ahead is what one walk notes, and what the one before it has noted.
type ahead struct {
	dir    string // of this walk
	before string // of the walk before it; empty for none

	mu       sync.Mutex
	stored   map[string]bool              // labels that were planned with a state
	switches map[string]map[string]*early // by switch and by label
}

// early is a part that is made before Terraform hands it over.
type early struct {
	Label       string      `json:"label"`
	Want        fabric.Want `json:"want"`
	Fingerprint string      `json:"fingerprint"`
	// First is how things were, where the part is yet to be created.
	First *fabric.Want `json:"first,omitempty"`

	empty bool          // there is nothing to do
	done  chan struct{} // closed when what follows is set
	out   outcome
	err   error
}

// newAhead begins the notes of a walk.
func (s *site) newAhead() (*ahead, error) {
	if s.cacheErr != nil {
		return nil, s.cacheErr
	}
	command := filepath.Join(s.cacheDir, "ahead", s.workKey(terraformCommand()))
	if err := prune(filepath.Dir(command), command); err != nil {
		return nil, err
	}
	a := &ahead{dir: filepath.Join(command, fmt.Sprintf("%020d", time.Now().UnixNano())), stored: map[string]bool{}, switches: map[string]map[string]*early{}}
	walks, err := filepath.Glob(filepath.Join(command, "*"))
	if err != nil {
		return nil, err
	}
	if slices.Sort(walks); len(walks) > 0 {
		a.before = walks[len(walks)-1]
	}
	return a, os.MkdirAll(a.dir, 0o700)
}

// prune removes notes that nobody comes back for.
func prune(dir, but string) error {
	commands, err := filepath.Glob(filepath.Join(dir, "*"))
	for _, c := range commands {
		if info, statErr := os.Stat(c); c != but && statErr == nil && time.Since(info.ModTime()) > aheadLife {
			err = errors.Join(err, os.RemoveAll(c))
		}
	}
	return err
}

func (a *ahead) folder(walk string, d *device) string {
	return filepath.Join(walk, hashed(d.name+" "+d.target.Address))
}

func hashed(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:16])
}

// note keeps what a part is to become. One that is planned with a state and then
// without is replaced: it has to be removed first, and so waits for its turn.
func (a *ahead) note(d *device, e early) error {
	file := filepath.Join(a.folder(a.dir, d), hashed(e.Label)+".json")
	a.mu.Lock()
	replaced := e.First != nil && a.stored[e.Label]
	a.stored[e.Label] = a.stored[e.Label] || e.First == nil
	a.mu.Unlock()
	b, err := json.Marshal(e)
	switch {
	case err != nil:
	case replaced:
		err = os.Remove(file)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	case !e.empty:
		err = writeFile(file, b)
	}
	if err != nil {
		return fmt.Errorf("%s: note %s for the apply: %w", d.name, e.Label, err)
	}
	return nil
}

// noted are the parts of a switch that the walk before this one has planned. A
// note that cannot be read is none: its part is made when it comes.
func (a *ahead) noted(d *device) map[string]*early {
	parts := map[string]*early{}
	if a.before == "" {
		return parts
	}
	names, _ := filepath.Glob(filepath.Join(a.folder(a.before, d), "*.json"))
	for _, name := range names {
		e := &early{done: make(chan struct{})}
		b, err := os.ReadFile(name)
		if err == nil && json.Unmarshal(b, e) == nil && e.Label != "" {
			parts[e.Label] = e
		}
	}
	return parts
}

// takeUp returns the part of that label if it is made ahead, and what is to be
// made ahead now: all other parts of the switch, when the first of them comes.
func (a *ahead) takeUp(d *device, label string) (own *early, now []*early) {
	a.mu.Lock()
	defer a.mu.Unlock()
	parts, known := a.switches[d.name]
	if known {
		return parts[label], nil
	}
	parts = a.noted(d)
	delete(parts, label)
	a.switches[d.name] = parts
	for _, e := range parts {
		now = append(now, e)
	}
	return nil, now
}

// plansAhead notes a planned part for the apply.
func (h holding) plansAhead(st *step, seen sight, stored *memory, next scope) error {
	a := h.site.ahead
	d, err := h.site.device(h.sw)
	if a == nil || err != nil {
		return err
	}
	// What holds more than was kept of it has no fingerprint, and waits, too.
	e := early{Label: h.who.label, Want: st.want, Fingerprint: st.fingerprint, empty: len(st.change.Commands) == 0 || st.fingerprint == ""}
	if stored == nil {
		noted, err := h.site.noted(d, h.who.label)
		if err != nil {
			return err
		}
		m := memory{Seen: seen}
		m.own(seen, next, noted)
		e.First = &m.First
	}
	return a.note(d, e)
}

// converge brings a part to what it wants, and others of its switch with it.
func (h holding) converge(ctx context.Context, d *device, st step) (sight, fabric.Change, error) {
	disruptive := h.disruptive || d.disruptive
	a := h.site.ahead
	if a == nil || !h.shares {
		return d.converge(ctx, st.want, st.fingerprint, disruptive)
	}
	own, now := a.takeUp(d, h.who.label)
	if own != nil {
		select {
		case <-own.done:
		case <-ctx.Done():
			return sight{}, fabric.Change{}, fmt.Errorf("%s: waiting for the switch's transaction: %w", d.name, context.Cause(ctx))
		}
		if (own.err == nil || unsaved(own.err)) && own.Fingerprint == st.fingerprint && same(own.Want, st.want) {
			return own.out.of(st.want, own.err)
		}
	}
	var others sync.WaitGroup
	for _, e := range now {
		others.Go(func() {
			defer close(e.done)
			if e.First != nil {
				if e.err = h.site.note(d, e.Label, *e.First); e.err != nil {
					return
				}
			}
			e.out, e.err = d.queue(disruptive).Do(ctx, fabric.Part{Want: e.Want, Fingerprint: e.Fingerprint})
		})
	}
	defer others.Wait()
	return d.converge(ctx, st.want, st.fingerprint, disruptive)
}

// same compares wants as they are noted.
func same(a, b fabric.Want) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
