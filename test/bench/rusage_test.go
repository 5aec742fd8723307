package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What tells this program that Terraform started it in the provider's place,
// and where to write what the provider used.
const (
	standsFor = "CTHULIX_BENCH_PROVIDER"
	usageFile = "CTHULIX_BENCH_USAGE"
)

// usage is what processes took: CPU time in seconds, of all of them together,
// and the most memory of any one, in bytes.
type usage struct {
	CPU    float64 `json:"cpu"`
	Memory int64   `json:"memory"`
}

func usageOf(p *os.ProcessState) usage {
	u := usage{CPU: (p.UserTime() + p.SystemTime()).Seconds()}
	if r, ok := p.SysUsage().(*syscall.Rusage); ok {
		u.Memory = r.Maxrss * 1024 // Linux counts in KiB
	}
	return u
}

func TestMain(m *testing.M) {
	if real := os.Getenv(standsFor); real != "" {
		os.Exit(provide(real))
	}
	os.Exit(m.Run())
}

// provide runs the provider and appends what it used to a file.
func provide(real string) int {
	cmd := exec.Command(real, os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	signal.Ignore(os.Interrupt) // it is the provider's to obey
	err := cmd.Run()
	line, _ := json.Marshal(usageOf(cmd.ProcessState))
	f, openErr := os.OpenFile(os.Getenv(usageFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if openErr == nil {
		_, openErr = fmt.Fprintf(f, "%s\n", line)
		f.Close()
	}
	if err != nil || openErr != nil {
		return 1
	}
	return 0
}

// usageSince reads and empties the file of a Terraform's providers.
func usageSince(path string) (usage, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return usage{}, err
	}
	var sum usage
	for line := range strings.Lines(string(text)) {
		var u usage
		if err := json.Unmarshal([]byte(line), &u); err != nil {
			return usage{}, err
		}
		sum.CPU += u.CPU
		sum.Memory = max(sum.Memory, u.Memory)
	}
	return sum, os.Truncate(path, 0)
}

// cpuTime is the CPU time of this process so far, in seconds. Unlike time, it
// hardly depends on what else the machine does.
func cpuTime() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
}

// run is how long a command took, and what it and its children used.
type run struct {
	took time.Duration
	used usage
}
