package inventory

import (
	"path"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const cpuDir = "sys/devices/system/cpu"

// cpu counts by the topology in /sys, which all architectures have; the model's
// name is in /proc/cpuinfo on those that have one.
func (t tree) cpu() ophub.CPU {
	c := ophub.CPU{}
	listed := 0
	for line := range strings.Lines(string(t.bytes("proc/cpuinfo"))) {
		key, value, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(key) {
		case "processor":
			listed++
		case "model name", "cpu model", "Model":
			if c.Model == "" {
				c.Model = strings.TrimSpace(value)
			}
		}
	}
	sockets, cores := map[int]bool{}, map[[2]int]bool{}
	for _, name := range t.names(cpuDir) {
		n, ok := strings.CutPrefix(name, "cpu")
		if _, err := strconv.Atoi(n); !ok || err != nil {
			continue
		}
		topology := path.Join(cpuDir, name, "topology")
		core := t.number(topology, "core_id")
		if core < 0 {
			continue // it is offline
		}
		// Some architectures do not number their packages.
		socket := max(t.number(topology, "physical_package_id"), 0)
		sockets[socket], cores[[2]int{socket, core}] = true, true
		c.Threads++
	}
	c.Sockets, c.Cores = len(sockets), len(cores)
	if c.Threads == 0 {
		c.Threads = listed
	}
	return c
}
