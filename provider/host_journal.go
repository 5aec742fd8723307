package provider

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Terraform says no more of a resource than that it is still being changed. So
// what is done to hosts is written to a journal, a JSON object a line, which
// can be followed meanwhile: journal/hosts.jsonl in the cache directory.

// journalSize is when the journal is put aside, as hosts.jsonl.old.
const journalSize = 8 << 20

type journalLine struct {
	Time     time.Time `json:"time"`
	Host     string    `json:"host"`
	Message  string    `json:"message"`
	Evidence string    `json:"evidence,omitempty"`
}

// journal adds a line on a host.
func (s *site) journal(host, message, evidence string) error {
	if s.cacheErr != nil {
		return s.cacheErr
	}
	name := filepath.Join(s.cacheDir, "journal", "hosts.jsonl")
	line, err := json.Marshal(journalLine{Time: time.Now().UTC().Round(time.Millisecond), Host: host, Message: message, Evidence: evidence})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("journal of hosts: %w", err)
	}
	if info, err := os.Stat(name); err == nil && info.Size() > journalSize {
		// Another process may have been quicker: then there is less to put aside.
		_ = os.Rename(name, name+".old")
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("journal of hosts: %w", err)
	}
	// One write: lines of several processes do not mix.
	_, err = f.Write(append(line, '\n'))
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
