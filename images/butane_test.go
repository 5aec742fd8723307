package images

import (
	"fmt"
	"strings"
	"testing"

	"github.com/coreos/ignition/v2/config"
)

func TestTranslateButane(t *testing.T) {
	const src = `variant: fcos
version: 1.5.0
storage:
  directories:
    - path: /opt/data
      mode: 0750
      user: {id: 65534}
      group: {name: nogroup}
  files:
    - path: /etc/motd
      mode: 0644
      overwrite: true
      contents:
        inline: |
          Welcome to the cluster.
    - path: /etc/hosts
      append:
        - inline: "10.20.0.1 opserver\n"
    - path: /opt/data/one
      contents:
        source: data:text/plain;base64,b25l
  links:
    - path: /opt/current
      target: /opt/data
`
	b, report, err := TranslateButane(src)
	if err != nil || len(report) > 0 {
		t.Fatalf("%v, %v", report, err)
	}
	golden(t, "ignition.json", string(b)+"\n")
	// Ignition's own reader must take it.
	c, r, err := config.Parse(b)
	if err != nil || r.IsFatal() || len(c.Storage.Files) != 3 {
		t.Errorf("Ignition reads %d files: %v, %s", len(c.Storage.Files), err, r.String())
	}
}

// Every refusal has its place, in a golden file that can be read as the manual
// of what is refused.
func TestTranslateButaneRefuses(t *testing.T) {
	var all strings.Builder
	for _, src := range []string{
		"",
		"variant: fcos\n",
		"variant: fcos\nversion: 9.9.9\n",
		"variant: fcos\nversion: 1.7.0-experimental\n",
		"a: [\n",
		"variant: fcos\nversion: 1.5.0\nstorage: [hunter2]\n",
		"variant: fcos\nversion: 1.5.0\nstorage:\n  files:\n    - path: /a\n      mode: hunter2\n",
		"variant: fcos\nversion: 1.5.0\nstorge: {}\n",
		"variant: fcos\nversion: 1.5.0\nstorage:\n  files:\n    - path: /etc/motd\n      contnts:\n        inline: hello\n",
		"variant: fcos\nversion: 1.5.0\nstorage:\n  files:\n    - path: relative\n",
		"variant: fcos\nversion: 1.5.0\nstorage:\n  files:\n    - path: /etc/x\n      contents:\n        local: x\n",
		"variant: fcos\nversion: 1.5.0\nstorage:\n  files:\n    - path: /etc/x\n      contents:\n        source: https://example.com/x\n",
		"variant: fcos\nversion: 1.5.0\nstorage:\n  files:\n    - path: /etc/x\n      contents: {inline: x}\n      append: [{inline: y}]\n",
		"variant: fcos\nversion: 1.5.0\nstorage:\n  files:\n    - path: /proc/x\n    - path: /sbin/busybox\n    - path: /etc/x\n      user: {name: bob}\n      group: {name: wheel}\n",
		"variant: fcos\nversion: 1.5.0\nstorage:\n  files:\n    - path: /etc/x\n    - path: /etc/x\n",
		"variant: fcos\nversion: 1.5.0\nstorage:\n  disks:\n    - device: /dev/sda\n      wipe_table: true\n",
		"variant: fcos\nversion: 1.5.0\nstorage:\n  filesystems:\n    - device: /dev/sda1\n      format: ext4\n",
		"variant: fcos\nversion: 1.5.0\nstorage:\n  raid:\n    - name: md0\n      level: raid1\n      devices: [/dev/sda, /dev/sdb]\n",
		"variant: fcos\nversion: 1.5.0\nsystemd:\n  units:\n    - name: a.service\n      enabled: true\n",
		"variant: fcos\nversion: 1.5.0\npasswd:\n  users:\n    - name: core\n      ssh_authorized_keys: [ssh-rsa AAAA]\n",
		"variant: fcos\nversion: 1.5.0\nkernel_arguments:\n  should_exist: [quiet]\n",
		"variant: fcos\nversion: 1.5.0\nignition:\n  config:\n    merge:\n      - source: https://example.com/x\n",
	} {
		b, report, err := TranslateButane(src)
		if err == nil || b != nil || len(report) == 0 {
			t.Errorf("%q became %q, %v, %v", src, b, report, err)
			continue
		}
		fmt.Fprintf(&all, "%s=> %s\n\n", src, strings.ReplaceAll(err.Error(), "\n", "\n=> "))
	}
	golden(t, "butane-refused", all.String())
	for line := range strings.Lines(all.String()) {
		if strings.HasPrefix(line, "=> ") && strings.Contains(line, "hunter2") {
			t.Errorf("a refusal repeats a value, which may be a secret: %s", line)
		}
	}
}
