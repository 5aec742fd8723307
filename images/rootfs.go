package images

import (
	"bytes"
	"fmt"
	"strings"
)

// ModulesFile lists, in the image, the modules that agentd loads: one path a
// line, in loading order.
const ModulesFile = "/etc/cthulix/modules"

// Everything is in /bin; the other places are ways to it.
var binLinks = map[string]string{"/sbin": "bin", "/usr/bin": "../bin", "/usr/sbin": "../bin"}

// rootDirs are there even if nothing is in them: mount points and places that
// programs take for granted.
var rootDirs = []string{
	"/dev", "/etc", "/lib", "/mnt", "/opt", "/proc", "/root", "/run", "/sys", "/tmp",
	"/var/cache", "/var/lib", "/var/log", "/var/tmp",
}

// rootFiles are the same in every image.
var rootFiles = map[string]string{
	"/etc/passwd":     "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
	"/etc/group":      "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n",
	"/etc/hosts":      "127.0.0.1 localhost\n::1 localhost\n",
	"/etc/os-release": "ID=cthulix-lpd\nNAME=\"Cthulix LPD\"\nPRETTY_NAME=\"Cthulix LPD, a Linux in RAM\"\n",
	"/etc/profile":    "export PATH=/bin HOME=/root\n",
}

// rootLinks lead to what agentd and Linux write while the host runs.
var rootLinks = map[string]string{
	"/etc/resolv.conf": "../run/resolv.conf",
	"/etc/mtab":        "../proc/self/mounts",
	"/var/run":         "../run",
}

// applets are the tools that every image has, as links to busybox. What listens
// on the network, changes accounts or deals in packages is left out.
var applets = strings.Fields(`
	[ [[ arch arp arping ash awk base64 basename blkdiscard blockdev bunzip2 bzcat bzip2 cat chgrp
	chmod chown chroot clear cmp cp cpio cut date dc dd df diff dirname dmesg du echo egrep env expand expr
	factor fallocate false fdisk fgrep find fold free fstrim getopt grep groups gunzip gzip
	head hexdump hostid hostname hwclock id ifconfig insmod ionice ip ipcalc kill killall less link ln
	logger losetup ls lsmod lsscsi lzcat md5sum microcom mkdir mkfifo mknod mktemp modinfo modprobe more
	mount mv nc netstat nice nl nohup nproc nsenter nslookup od paste pidof ping ping6 pivot_root poweroff printenv
	printf ps pwd readlink realpath reboot renice reset rev rm rmdir rmmod route sed seq setsid sh sha1sum
	sha256sum sha512sum shred shuf sleep sort split stat strings stty swapoff swapon switch_root sync sysctl
	tac tail tar taskset tee test time timeout top touch tr traceroute true truncate tty umount uname
	unexpand uniq unlink unshare unxz unzip uptime usleep uudecode uuencode vi watch watchdog wc wget which
	whoami xargs xxd xz xzcat yes zcat`)

// neededApplets are those without which nobody can work on a host.
var neededApplets = []string{"sh", "cat", "ls", "mount", "ip", "awk", "wget", "sort"}

// baseTree is the system without agentd and the recipe's own files.
func baseTree(busybox []byte, k *kernel, order []module) (tree, error) {
	t := tree{}
	for _, d := range rootDirs {
		t.dir(d)
	}
	for p, text := range rootFiles {
		t.file(p, 0o644, []byte(text))
	}
	for p, to := range rootLinks {
		t.link(p, to)
	}
	for p, to := range binLinks {
		t.link(p, to)
	}
	// Linux opens the console before anything can mount /dev.
	t.add(Entry{Path: "/dev/console", Mode: modeChar | 0o600, Major: 5, Minor: 1})
	t.add(Entry{Path: "/dev/null", Mode: modeChar | 0o666, Major: 1, Minor: 3})
	if err := addBusybox(t, busybox); err != nil {
		return nil, err
	}
	return t, addModules(t, k, order)
}

func addBusybox(t tree, busybox []byte) error {
	t.file("/bin/busybox", 0o755, busybox)
	for _, name := range neededApplets {
		if !hasApplet(busybox, name) {
			return fmt.Errorf("images: this busybox has no %q: take a build with all applets, such as Debian's busybox-static", name)
		}
	}
	for _, name := range applets {
		if hasApplet(busybox, name) {
			t.link("/bin/"+name, "busybox")
		}
	}
	return nil
}

// hasApplet looks into busybox's table of names, in which each stands between
// zero bytes. The program may be of another architecture, so it is not run.
func hasApplet(busybox []byte, name string) bool {
	return bytes.Contains(busybox, []byte("\x00"+name+"\x00"))
}

func addModules(t tree, k *kernel, order []module) error {
	var list strings.Builder
	for _, m := range order {
		b, err := k.pack.read(m.Path[1:])
		if err != nil {
			return err
		}
		t.file(m.Path, 0o644, b)
		list.WriteString(m.Path + "\n")
	}
	t.file(ModulesFile, 0o644, []byte(list.String()))
	t.file(k.modulesDir()+"/modules.dep", 0o644, modulesDep(k.modulesDir(), order))
	return nil
}
