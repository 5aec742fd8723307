package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// A change notes on disk how things were before they were first touched. If a
// create is killed before Terraform has its state, the next create finds a switch
// that is already half changed, and the note still tells what to restore one day.
// If an update is killed, Terraform keeps the state of before, and drops what the
// provider remembers beside it.

func (s *site) journalFile(d *device, resource string) string {
	return filepath.Join(s.cacheDir, "journal", s.workKey(d.name+" "+d.target.Address+" "+resource)+".json")
}

// noted returns what an unfinished create of a resource left.
func (s *site) noted(d *device, resource string) (w fabric.Want, err error) {
	b, err := os.ReadFile(s.journalFile(d, resource))
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &w)
	}
	if err != nil {
		return w, fmt.Errorf("%s: read the journal of an earlier apply: %w", d.name, err)
	}
	return w, nil
}

// note writes what a create is about to touch.
func (s *site) note(d *device, resource string, first fabric.Want) error {
	b, err := json.Marshal(first)
	if err == nil {
		err = writeFile(s.journalFile(d, resource), b)
	}
	if err != nil {
		return fmt.Errorf("%s: write the journal: %w", d.name, err)
	}
	return nil
}

// forget removes the note, once the state or the switch itself holds it all.
func (s *site) forget(d *device, resource string) error {
	err := os.Remove(s.journalFile(d, resource))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: remove the journal: %w", d.name, err)
	}
	return nil
}

// remember returns what a resource remembers: mem, if it is known, else what the
// note of an update tells that was killed. imported tells that there is nothing to
// remember yet; known is what it was, or that a note was found.
func (h holding) remember(mem memory, known, imported bool, diags *diag.Diagnostics) (memory, bool) {
	if known || imported {
		return mem, known
	}
	d, err := h.site.device(h.sw)
	if err != nil {
		return mem, false // who observes it reports that
	}
	noted, err := h.site.noted(d, h.who.label)
	switch {
	case err != nil:
		diags.AddWarning("The journal could not be read", err.Error())
	case noted.Empty():
		diags.AddWarning("It is not known any more how "+h.sw+" was before",
			fmt.Sprintf("An apply of %s was killed, upon which Terraform drops what the provider remembers, and its journal is not in the provider's cache_dir on this machine. "+
				"A destroy restores what the switch has now.", h.who))
	default:
		mem.First = noted
		return mem, true
	}
	return mem, false
}
