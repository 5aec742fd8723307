package main

import (
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// What a host boots from is set as asked, or as its record has it.
func TestHostBoot(t *testing.T) {
	c := newController(t, &machine.Memory{})
	hub := records(t)
	putHost(t, hub, "node1", c.address)
	host, err := hub.Host(t.Context(), "node1")
	if err == nil {
		host.Firmware, host.Override.Flags = "uefi", "e024"
		err = hub.PutHost(t.Context(), host)
	}
	if err != nil {
		t.Fatal(err)
	}
	env := append([]string{"CTHULIX_OPHUB_ADDR=" + hub.Address()}, c.env...)
	run := func(args string) outcome {
		return start(t, env, append([]string{"host", "boot"}, strings.Fields(args)...)...).end()
	}
	var all strings.Builder
	for _, args := range []string{
		"show node1",
		"set pxe node1", "show node1",
		"set pxe node1 --once", "show node1 -o json",
		"set pxe node1 --firmware bios", "show node1",
		"set disk node1 --once", "show node1",
		"set none node1", "show node1 -o json",
		"set pxe node1 --once --bmc " + c.address, "show node1",
	} {
		got := run(args)
		if got.status != 0 || got.err != "" {
			t.Errorf("host boot %s: status %d, %s", args, got.status, got.err)
		}
		all.WriteString("$ cthulix host boot " + strings.ReplaceAll(args, c.address, "ADDRESS") + "\n" + got.out)
	}
	golden(t, "host-boot.txt", all.String())
	for args, says := range map[string]string{
		"set floppy node1":             `boot device "floppy": pxe, disk and none are what there is`,
		"set pxe":                      "requires at least 2 arg",
		"set pxe nobody":               "nobody: ",
		"set pxe node1 --firmware efi": "--firmware efi: bios and uefi are what there is",
		"show node1 -o yaml":           "text and json are what there is",
	} {
		if got := run(args); got.status != exitFailed || !strings.Contains(got.err, says) {
			t.Errorf("host boot %s: status %d, said %q; want %q", args, got.status, got.err, says)
		}
	}
}
