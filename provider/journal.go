package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// A create notes on disk how things were before it touches them. If it is
// killed before Terraform has its state, the next create finds a switch that is
// already half changed, and the note still tells what to restore one day.

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
