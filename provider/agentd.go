package provider

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// agentdNames are the file names under which releases and builds carry agentd.
var agentdNames = []string{"agentd", "agentd-linux-amd64"}

// findAgentd returns the agentd binary for an image: the one that the
// configuration or the environment names, else the one beside the provider,
// else one on the PATH.
func findAgentd(explicit string) (string, error) {
	for _, named := range []struct{ path, by string }{
		{explicit, "the image's agentd"},
		{os.Getenv("CTHULIX_AGENTD"), "CTHULIX_AGENTD"},
	} {
		if named.path == "" {
			continue
		}
		info, err := os.Stat(named.path)
		switch {
		case err != nil:
			return "", fmt.Errorf("%s: %w", named.by, err)
		case !info.Mode().IsRegular():
			return "", fmt.Errorf("%s: %s is no file", named.by, named.path)
		}
		return filepath.Abs(named.path)
	}
	var tried []string
	if self, err := os.Executable(); err == nil {
		for _, name := range agentdNames {
			path := filepath.Join(filepath.Dir(self), name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return path, nil
			}
		}
		tried = append(tried, filepath.Dir(self))
	}
	for _, name := range agentdNames {
		path, err := exec.LookPath(name)
		if err == nil {
			return filepath.Abs(path)
		}
		if errors.Is(err, exec.ErrDot) {
			continue
		}
	}
	tried = append(tried, "the PATH")
	return "", fmt.Errorf("no agentd, which is the init of every image, in %s: name the binary in the image's agentd or in CTHULIX_AGENTD; `make build` makes one, and releases carry one beside the provider", list(tried))
}
