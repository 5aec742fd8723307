package provider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A resource that has no state yet is planned from a reading of its switch, and
// planned again, in another process, just before it is made. Both plannings
// must see the same switch: Terraform calls anything else a fault of the
// provider. So the reading is kept on disk between them.
//
// A reading serves the Terraform command that made it for as long as that
// command lasts, approval prompt and all. For any other command it only serves
// if the switch still looks the same, or if that command applies a saved plan:
// then the apply refuses a changed switch in words that say so.
//
// The first change that a walk makes removes the reading; the walk itself goes
// on with what it has, since each resource's change is checked against its own
// scope.

const snapshotLife = 24 * time.Hour

type storedSnapshot struct {
	Taken       time.Time `json:"taken"`
	Command     string    `json:"command"`
	Observation sight     `json:"observation"`
}

// planFrom returns the reading of a switch that creates are planned from.
func (s *site) planFrom(ctx context.Context, d *device) (sight, error) {
	if s.cacheErr != nil {
		return sight{}, s.cacheErr
	}
	release, err := d.acquire(ctx)
	if err != nil {
		return sight{}, err
	}
	defer release()
	if d.snapshot != nil {
		return *d.snapshot, nil
	}
	stored, found := s.loadSnapshot(d)
	if found && (stored.Command == terraformCommand() || appliesSavedPlan()) {
		d.snapshot = &stored.Observation
		return stored.Observation, nil
	}
	obs, err := d.observeLocked(ctx)
	if err != nil {
		return sight{}, err
	}
	d.snapshot = &obs
	if err := s.storeSnapshot(d, obs); err != nil {
		return sight{}, err
	}
	return obs, nil
}

// startsChange is called before a walk first changes a switch. It pins what
// later creates of this walk are planned from, and lets the next walk read anew.
func (s *site) startsChange(ctx context.Context, d *device) error {
	if s.cacheErr != nil {
		return s.cacheErr
	}
	release, err := d.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	if d.snapshot == nil {
		if stored, found := s.loadSnapshot(d); found && stored.Command == terraformCommand() {
			d.snapshot = &stored.Observation
		}
	}
	if err := os.Remove(s.snapshotFile(d)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: forget the snapshot: %w", d.name, err)
	}
	return nil
}

func (s *site) loadSnapshot(d *device) (stored storedSnapshot, found bool) {
	b, err := os.ReadFile(s.snapshotFile(d))
	if err != nil || json.Unmarshal(b, &stored) != nil {
		return stored, false
	}
	return stored, time.Since(stored.Taken) < snapshotLife
}

func (s *site) storeSnapshot(d *device, obs sight) error {
	b, err := json.Marshal(storedSnapshot{Taken: time.Now(), Command: terraformCommand(), Observation: obs})
	if err == nil {
		err = writeFile(s.snapshotFile(d), b)
	}
	if err != nil {
		return fmt.Errorf("%s: keep the snapshot for the apply: %w", d.name, err)
	}
	return nil
}

func (s *site) snapshotFile(d *device) string {
	return filepath.Join(s.cacheDir, "snapshots", s.workKey(d.name+" "+d.target.Address)+".json")
}

// workKey names a thing within the present working directory and workspace.
func (s *site) workKey(thing string) string {
	dir, err := os.Getwd()
	if err != nil {
		dir = "?"
	}
	data := os.Getenv("TF_DATA_DIR")
	if data == "" {
		data = ".terraform"
	}
	workspace := os.Getenv("TF_WORKSPACE")
	if b, err := os.ReadFile(filepath.Join(data, "environment")); workspace == "" && err == nil {
		workspace = strings.TrimSpace(string(b))
	}
	h := sha256.Sum256([]byte(strings.Join([]string{dir, data, workspace, thing}, "\x00")))
	return hex.EncodeToString(h[:16])
}

// terraformCommand tells one run of Terraform, which starts the provider once
// for each of its walks, from another: by its process, and by when that began
// where the system says so.
func terraformCommand() string {
	id := strconv.Itoa(os.Getppid())
	stat, err := os.ReadFile("/proc/" + id + "/stat")
	if err != nil {
		return id
	}
	// The start time is the 20th field after the name, which may hold anything.
	_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
	if fields := strings.Fields(rest); len(fields) > 19 {
		return id + ":" + fields[19]
	}
	return id
}

// appliesSavedPlan tells whether the Terraform that started the provider was
// told to apply a plan file. Where that cannot be found out it is taken not to:
// then a switch that changed since the plan is still refused, by Terraform.
func appliesSavedPlan() bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(os.Getppid()) + "/cmdline")
	if err != nil {
		return false
	}
	words := strings.Split(strings.TrimRight(string(b), "\x00"), "\x00")
	apply := false
	for _, w := range words[min(1, len(words)):] {
		switch {
		case w == "apply":
			apply = true
		case apply && w != "" && !strings.HasPrefix(w, "-"):
			return true
		}
	}
	return false
}
