package images_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const testMAC = "52:54:00:c0:ff:ee"

// boot runs a QEMU machine until its init has said the last word, and returns
// all that came over the serial line. The emulated processor is slow, and the
// machine that runs the test may be busy: the deadline is far above the 3 to 15
// seconds that a boot takes.
func boot(t *testing.T, args ...string) string {
	t.Helper()
	const program = "qemu-system-x86_64"
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("%s is needed to boot what was built: apt-get install qemu-system-x86 ovmf ipxe-qemu", program)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append([]string{
		"-accel", "tcg", "-cpu", "Nehalem", "-M", "q35,graphics=off", "-m", "512",
		"-display", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot", "-nodefaults",
	}, args...)...)
	cmd.Stderr = os.Stderr
	serial, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	start := time.Now()
	lines := bufio.NewScanner(io.TeeReader(serial, &log))
	for lines.Scan() {
		if strings.Contains(lines.Text(), "TEST-INIT READY") {
			t.Logf("ready after %.1f s", time.Since(start).Seconds())
			// The machine now powers itself off.
			_, _ = io.Copy(&log, serial)
			if err := cmd.Wait(); err != nil {
				t.Errorf("the machine did not power off cleanly: %v", err)
			}
			return log.String()
		}
		if strings.Contains(lines.Text(), "TEST-INIT FAILED") || strings.Contains(lines.Text(), "Kernel panic") {
			break
		}
	}
	cancel()
	_ = cmd.Wait()
	t.Fatalf("the machine did not get ready in %.1f s. It said:\n%s", time.Since(start).Seconds(), log.String())
	return ""
}

// wantLines fails for each text that the machine did not say.
func wantLines(t *testing.T, log string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(log, w) {
			t.Errorf("the machine did not say %q. It said:\n%s", w, log)
		}
	}
}

// uefiFirmware gives a machine OVMF, with variables of its own.
func uefiFirmware(t *testing.T) []string {
	t.Helper()
	const dir = "/usr/share/OVMF/"
	vars, err := os.ReadFile(dir + "OVMF_VARS_4M.fd")
	if err != nil {
		t.Fatalf("UEFI firmware is needed: apt-get install ovmf: %v", err)
	}
	own := filepath.Join(t.TempDir(), "vars.fd")
	if err := os.WriteFile(own, vars, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{
		"-drive", "if=pflash,format=raw,unit=0,readonly=on,file=" + dir + "OVMF_CODE_4M.fd",
		"-drive", "if=pflash,format=raw,unit=1,file=" + own,
	}
}
