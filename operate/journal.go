package operate

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// The outcomes of what is done to a host.
const (
	OutcomeDone   = "done"
	OutcomeFailed = "failed"
)

// Note is a line of the journal: one thing that was done to a host, or seen of it meanwhile.
type Note struct {
	Time     time.Time `json:"time"`
	Host     string    `json:"host"`
	Message  string    `json:"message"`
	Evidence string    `json:"evidence,omitempty"`
	// Boot says that it is of the boot, of which the records tell as much; Stage is then the furthest that was reached.
	Boot  bool        `json:"boot,omitempty"`
	Stage ophub.Stage `json:"stage,omitempty"`
	// Outcome is set in the last note of an apply: OutcomeDone or OutcomeFailed.
	Outcome string `json:"outcome,omitempty"`
}

// Journal is the file to which Terraform's provider writes what it does to hosts, a JSON object a line. Terraform itself
// says no more of a resource than that it is still being changed.
type Journal struct{ Path string }

const (
	// journalSize is when the journal is put aside, with the ending journalOld.
	journalSize = 8 << 20
	journalOld  = ".old"
	// journalLook is how often a journal that is followed is looked at: a file tells nobody that it has grown.
	journalLook = 200 * time.Millisecond
	// maxNote bounds a line, in bytes. What is longer is no note.
	maxNote = 256 << 10
)

// CacheDir is where providers keep their caches when their configuration does not say: CTHULIX_CACHE_DIR, or the user's
// place for such.
func CacheDir() (string, error) {
	if dir := os.Getenv("CTHULIX_CACHE_DIR"); dir != "" {
		return filepath.Abs(dir)
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place for a cache: %w", err)
	}
	return filepath.Join(base, "cthulix"), nil
}

// JournalIn is the journal of providers with a cache directory.
func JournalIn(cacheDir string) Journal {
	return Journal{filepath.Join(cacheDir, "journal", "hosts.jsonl")}
}

// Add adds a note, with the present time where it has none.
func (j Journal) Add(n Note) error {
	if n.Time.IsZero() {
		n.Time = time.Now()
	}
	n.Time = n.Time.UTC().Round(time.Millisecond)
	line, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(j.Path), 0o700); err != nil {
		return fmt.Errorf("journal of hosts: %w", err)
	}
	if info, err := os.Stat(j.Path); err == nil && info.Size() > journalSize {
		// Another process may have been quicker: then there is less to put aside.
		_ = os.Rename(j.Path, j.Path+journalOld)
	}
	f, err := os.OpenFile(j.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
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

// Follow sends the notes that there are and those that come, until ctx ends; then it closes the channel. A journal that
// is not there yet is waited for, and one that was put aside is followed on. What is no note is left out.
func (j Journal) Follow(ctx context.Context) <-chan Note {
	out := make(chan Note)
	go func() {
		defer close(out)
		r := &journalReader{path: j.Path}
		defer r.close()
		for {
			for _, n := range r.read() {
				select {
				case out <- n:
				case <-ctx.Done():
					return
				}
			}
			if !rest(ctx, journalLook) {
				return
			}
		}
	}()
	return out
}

// journalReader reads a file that grows and may be replaced.
type journalReader struct {
	path string
	file *os.File
	from *bufio.Reader
	part []byte // of a line that is not whole yet
}

// read returns the notes that are new. A journal that cannot be read has none.
func (r *journalReader) read() []Note {
	notes := r.rest()
	now, err := os.Stat(r.path)
	if err != nil {
		return notes
	}
	if r.file != nil {
		was, err := r.file.Stat()
		if err == nil && os.SameFile(was, now) && !r.shrunk(was) {
			return notes
		}
		// What was written before it was put aside is read by now, or is by the next line.
		notes = append(notes, r.rest()...)
		r.close()
	}
	if r.file, err = os.Open(r.path); err != nil {
		r.file = nil
		return notes
	}
	r.from, r.part = bufio.NewReader(r.file), nil
	return append(notes, r.rest()...)
}

// shrunk says whether the file is shorter than what was read of it.
func (r *journalReader) shrunk(info fs.FileInfo) bool {
	at, err := r.file.Seek(0, io.SeekCurrent)
	return err == nil && info.Size() < at
}

// rest reads the file to its present end.
func (r *journalReader) rest() []Note {
	if r.file == nil {
		return nil
	}
	var notes []Note
	for {
		line, err := r.from.ReadSlice('\n')
		r.part = append(r.part, line...)
		if errors.Is(err, bufio.ErrBufferFull) {
			r.part = r.part[:min(len(r.part), maxNote+1)]
			continue
		}
		if err != nil {
			return notes
		}
		if n, ok := parseNote(r.part); ok {
			notes = append(notes, n)
		}
		r.part = r.part[:0]
	}
}

func (r *journalReader) close() {
	if r.file != nil {
		_ = r.file.Close()
		r.file = nil
	}
}

// parseNote reads a line of a journal.
func parseNote(line []byte) (n Note, ok bool) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 || len(line) > maxNote || json.Unmarshal(line, &n) != nil ||
		n.Host == "" || n.Message == "" || n.Stage != "" && !n.Stage.Valid() {
		return Note{}, false
	}
	return n, true
}
