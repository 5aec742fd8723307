package kill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cthulix/terraform-provider-cthulix/engines"
)

// workspace is a directory of Terraform's.
type workspace struct {
	t             *testing.T
	dir, tf, pids string

	mu        sync.Mutex
	terraform int // process number of the Terraform that runs; 0 for none
}

func newWorkspace(t *testing.T) *workspace {
	t.Helper()
	tf, err := engines.Locate(t.Context(), "terraform", engines.Options{})
	if err != nil {
		if tf, err = engines.Locate(t.Context(), "tofu", engines.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := &workspace{t: t, dir: t.TempDir(), tf: tf}
	w.pids = filepath.Join(w.dir, "pids")
	plugins := filepath.Join(w.dir, "plugins")
	for _, dir := range []string{w.pids, plugins} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(self, filepath.Join(plugins, "terraform-provider-cthulix")); err != nil {
		t.Fatal(err)
	}
	w.write("terraform.rc", fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"registry.terraform.io/cthulix/cthulix\" = %q\n    \"registry.opentofu.org/cthulix/cthulix\" = %q\n  }\n  direct {}\n}\n", plugins, plugins))
	return w
}

func (w *workspace) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// run runs Terraform. It returns what it printed, and its exit status.
func (w *workspace) run(args ...string) (string, int) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.tf, args...)
	cmd.Dir = w.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "TMPDIR=" + w.dir, "TF_CLI_CONFIG_FILE=" + filepath.Join(w.dir, "terraform.rc"),
		"TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "LC_ALL=C.UTF-8", pidsEnv + "=" + w.pids,
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 10 * time.Second
	w.clear()
	w.mu.Lock()
	err := cmd.Start()
	if err == nil {
		w.terraform = cmd.Process.Pid
	}
	w.mu.Unlock()
	if err != nil {
		w.t.Fatal(err)
	}
	err = cmd.Wait()
	w.mu.Lock()
	w.terraform = 0
	w.mu.Unlock()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		w.t.Fatalf("terraform %s: %v\n%s", args[0], err, out.String())
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// clear forgets the plugins of earlier runs: their numbers may be others' by now.
func (w *workspace) clear() {
	w.t.Helper()
	left, err := filepath.Glob(filepath.Join(w.pids, "*"))
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// apply applies the configuration and returns the exit status.
func (w *workspace) apply() (string, int) {
	w.t.Helper()
	return w.run("apply", "-auto-approve", "-input=false", "-no-color")
}

// change is what a plan has for a resource.
type change struct {
	Address string
	Change  struct {
		Actions []string
		After   struct {
			Effect       string
			EffectReason string `json:"effect_reason"`
		}
	}
}

// plan plans and returns what is to change.
func (w *workspace) plan() []change {
	w.t.Helper()
	if out, code := w.run("plan", "-input=false", "-no-color", "-out=plan"); code != 0 {
		w.t.Fatalf("terraform plan: exit status %d\n%s", code, out)
	}
	out, code := w.run("show", "-json", "plan")
	if code != 0 {
		w.t.Fatalf("terraform show: exit status %d\n%s", code, out)
	}
	var plan struct {
		Changes []change `json:"resource_changes"`
	}
	// Warnings of the development override may stand before it.
	if err := json.Unmarshal([]byte(out[strings.IndexByte(out, '{'):]), &plan); err != nil {
		w.t.Fatal(err)
	}
	return plan.Changes
}

// forget takes all state away.
func (w *workspace) forget() {
	w.t.Helper()
	for _, name := range []string{"terraform.tfstate", "terraform.tfstate.backup"} {
		if err := os.Remove(filepath.Join(w.dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			w.t.Fatal(err)
		}
	}
}

// kill ends the provider, and Terraform too if that is asked, and returns when
// they are dead. It says how many processes that were.
func (w *workspace) kill(terraformToo bool) (n int, err error) {
	w.mu.Lock()
	terraform := w.terraform
	w.mu.Unlock()
	if terraformToo && terraform != 0 {
		n++
		err = murder(terraform)
	}
	started, readErr := os.ReadDir(w.pids)
	err = errors.Join(err, readErr)
	for _, f := range started {
		pid, convErr := strconv.Atoi(f.Name())
		if convErr != nil {
			return n, convErr
		}
		switch e := murder(pid); {
		case errors.Is(e, unix.ESRCH): // the plugin of the walk before, which has ended
		case e != nil:
			err = errors.Join(err, e)
		default:
			n++
		}
	}
	return n, err
}

// murder sends a process SIGKILL and waits until it is dead.
func murder(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil {
		return err
	}
	for {
		// It becomes readable when the process ends.
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int((10 * time.Second).Milliseconds()))
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return err
		case n == 0:
			return fmt.Errorf("process %d lives 10 s after SIGKILL", pid)
		default:
			return nil
		}
	}
}
