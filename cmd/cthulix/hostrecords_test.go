package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/engines/enginetest"
	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// records are empty ones, in a Consul of their own.
func records(t *testing.T) *ophub.Hub {
	t.Helper()
	hub, err := ophub.New(ophub.Config{Address: enginetest.Consul(t).Address})
	if err != nil {
		t.Fatal(err)
	}
	return hub
}

// putHost puts a host on record whose BMC is at an address.
func putHost(t *testing.T, hub *ophub.Hub, name, bmc string, kernels ...string) {
	t.Helper()
	hosts, err := hub.Hosts(t.Context())
	for _, k := range kernels {
		if err == nil {
			err = hub.PutKernel(t.Context(), ophub.Kernel{Name: k, Namespace: k, NodePool: k})
		}
	}
	if err == nil {
		mac := []byte("52:54:00:00:00:0" + string(rune('1'+len(hosts))))
		err = hub.PutHost(t.Context(), ophub.Host{
			Name: name, MACs: []string{string(mac)}, Switch: "leaf1", Port: "GigabitEthernet1/0/" + string(rune('1'+len(hosts))), VLAN: 20,
			Image: keg.Sum([]byte("image")), Firmware: "bios", BMC: bmc, Kernels: kernels,
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The list of hosts asks the BMCs with the account that the verbs take, too.
func TestHosts(t *testing.T) {
	c := newController(t, &machine.Memory{})
	hub := records(t)
	putHost(t, hub, "node1", c.address)
	putHost(t, hub, "node2", "127.0.0.1:1", "main")
	putHost(t, hub, "node3", "")
	agent := ophub.Agent{
		Host: "node2", BootID: "b", Image: keg.Sum([]byte("image")), Addresses: []string{"10.20.0.2"}, MAC: "52:54:00:00:00:02", Started: time.Now(),
		Kernels: map[string]ophub.KernelState{"main": {Status: ophub.KernelReady}},
	}
	registration, err := hub.Register(t.Context(), agent, 15*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = registration.Close(t.Context()) })
	at := "CTHULIX_OPHUB_ADDR=" + hub.Address()
	run := func(env []string, args ...string) outcome {
		t.Helper()
		got := start(t, append(env, at), append([]string{"hosts"}, args...)...).end()
		if got.status != 0 || got.err != "" {
			t.Errorf("hosts %s: status %d, %s", args, got.status, got.err)
		}
		return got
	}
	golden(t, "hosts.txt", run(c.env).out)
	golden(t, "hosts.json", run(c.env, "-o", "json").out)
	if got := run(nil); strings.Count(got.out, "?") != 3 {
		t.Errorf("without an account:\n%s", got.out)
	}
	// The password in a file, as the verbs take it.
	if got := run(nil, "--bmc-username", "admin", "--bmc-password-file", passwordFile(t, "swordfish-bmc")); strings.Count(got.out, "?") != 1 {
		t.Errorf("with the account in flags:\n%s", got.out)
	}
	if got := run(nil, "--bmc-username", "admin", "--bmc-password-file", passwordFile(t, "not-it")); !strings.Contains(got.out, "login refused") {
		t.Errorf("with a wrong password:\n%s", got.out)
	}
	got := start(t, []string{at}, "hosts", "--bmc-username", "admin", "--bmc-password-file", "/nowhere").end()
	if got.status != exitFailed || !strings.Contains(got.err, "--bmc-password-file") {
		t.Errorf("without a password file: %+v", got)
	}
}

func TestRelease(t *testing.T) {
	hub := records(t)
	putHost(t, hub, "node1", "")
	putHost(t, hub, "node2", "")
	quarantine := func() {
		t.Helper()
		for range 2 {
			if _, err := hub.BeginBoot(t.Context(), "node1", ophub.Budget{Attempts: 1}); err != nil {
				t.Fatal(err)
			}
		}
	}
	release := func(args ...string) outcome {
		t.Helper()
		return start(t, []string{"CTHULIX_OPHUB_ADDR=" + hub.Address()}, append([]string{"host", "release"}, args...)...).end()
	}
	quarantine()
	if got := release("node2", "node1"); got.status != 0 || got.out != "node2 was not in quarantine\nnode1 is released\n" {
		t.Errorf("%+v", got)
	}
	quarantine()
	got := release("-o", "json", "nobody", "node1")
	if got.status != exitFailed || !strings.Contains(got.err, "nobody") || !strings.Contains(got.out, `"was_in_quarantine": true`) {
		t.Errorf("%+v", got)
	}
	if boot, err := hub.Boot(t.Context(), "node1"); err != nil || boot.Quarantine != nil {
		t.Errorf("%+v, %v", boot.Quarantine, err)
	}
}

// A host is reprovisioned by its record, and whoever gives up is told where it stands.
func TestReprovision(t *testing.T) {
	m := &machine.Memory{}
	c := newController(t, m)
	hub := records(t)
	putHost(t, hub, "node1", c.address)
	env := append([]string{"CTHULIX_OPHUB_ADDR=" + hub.Address()}, c.env...)
	late := start(t, env, "host", "reprovision", "node1", "--timeout", "2s").end()
	if late.status != exitFailed || !strings.Contains(late.err, "host node1 (port GigabitEthernet1/0/1 of switch leaf1) is not ready after 2s: "+ophub.NoDHCPText) {
		t.Errorf("%+v", late)
	}
	r := start(t, env, "host", "reprovision", "node1", "--reason", "a test")
	r.await("waiting for its agent with image")
	boot, err := hub.Boot(t.Context(), "node1")
	if err != nil || boot.Reason != "a test" || len(m.Boots()) != 2 {
		t.Errorf("%+v, %v, started %d times", boot, err, len(m.Boots()))
	}
	r.interrupt()
	if got := r.end(); got.status != exitInterrupted || !strings.Contains(got.err, "interrupted: node1: ") {
		t.Errorf("interrupted: %+v", got)
	}
	r = start(t, env, "host", "reprovision", "node1", "-o", "json")
	r.await("waiting for its agent with image")
	registration, err := hub.Register(t.Context(), ophub.Agent{
		Host: "node1", BootID: "new", Image: keg.Sum([]byte("image")), Addresses: []string{"10.20.0.1"}, MAC: "52:54:00:00:00:01", Started: time.Now(),
	}, 15*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = registration.Close(t.Context()) })
	got := r.end()
	if got.status != 0 || got.err != "" {
		t.Errorf("%+v", got)
	}
	var last stepJSON
	for line := range strings.Lines(got.out) {
		if err := json.Unmarshal([]byte(line), &last); err != nil || last.Host != "node1" || last.Stage == "" {
			t.Errorf("%v: %s", err, line)
		}
	}
	if last.Detail != "it is ready" {
		t.Errorf("it ended with %+v", last)
	}
}

// The work of a host leaves it, and comes to it again when the drain is undone.
func TestDrain(t *testing.T) {
	hub, server := records(t), enginetest.Nomad(t)
	work, err := gridapp.New(gridapp.Config{Address: server.Address})
	if err != nil {
		t.Fatal(err)
	}
	domain := gridapp.DomainOf("main", "")
	if err := work.EnsureDomain(t.Context(), domain); err != nil {
		t.Fatal(err)
	}
	enginetest.NomadClients(t, server, domain.NodePool, "node1", "node2")
	if _, err := work.WaitNodes(t.Context(), domain.NodePool, 2); err != nil {
		t.Fatal(err)
	}
	putHost(t, hub, "node1", "", "main")
	putHost(t, hub, "node2", "", "main")
	putHost(t, hub, "node3", "")
	r, err := work.Run(t.Context(), gridapp.Spec{
		Name: "daemon", Namespace: domain.Namespace, NodePool: domain.NodePool, Type: gridapp.Service, Command: "/bin/sleep", Args: []string{"600"},
	}, gridapp.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	from := r.Allocations[0].Host
	where := func() string {
		t.Helper()
		now, err := work.Observe(t.Context(), domain.Namespace, "daemon")
		if err != nil || len(now.Allocations) != 1 {
			t.Fatalf("%+v, %v", now, err)
		}
		return now.Allocations[0].Host
	}
	eligible := func() int {
		t.Helper()
		nodes, err := work.Nodes(t.Context(), domain.NodePool)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, node := range nodes {
			if node.Eligible {
				n++
			}
		}
		return n
	}
	drain := func(args ...string) *command {
		t.Helper()
		env := []string{"CTHULIX_OPHUB_ADDR=" + hub.Address(), "CTHULIX_NOMAD_ADDR=" + server.Address}
		return start(t, env, append([]string{"host", "drain"}, args...)...)
	}
	got := drain(from, "node3", "--reason", "a test").end()
	if got.status != 0 || got.err != "" || where() == from || eligible() != 1 {
		t.Errorf("%+v; it runs on %s, %d take work", got, where(), eligible())
	}
	golden(t, "drain.txt", strings.ReplaceAll(got.out, from, "NODE"))
	if got := drain(from, "--undo", "-o", "json").end(); got.status != 0 || !strings.Contains(got.out, `"detail":"it takes work again"`) || eligible() != 2 {
		t.Errorf("%+v; %d take work", got, eligible())
	}

	// One that is broken off says how to take it back.
	to := where()
	if got := drain(from).end(); got.status != 0 { // there is nowhere to go
		t.Errorf("%+v", got)
	}
	broken := drain(to)
	broken.await("waiting for its work to move away")
	broken.interrupt()
	if got := broken.end(); got.status == exitInterrupted && !strings.Contains(got.err, "until the drain is undone") || got.status == exitFailed {
		t.Errorf("%+v", got)
	}
	if got := drain("--undo", "node1", "node2").end(); got.status != 0 || eligible() != 2 {
		t.Errorf("%+v; %d take work", got, eligible())
	}
	if got := drain("nobody").end(); got.status != exitFailed || !strings.Contains(got.err, "nobody") {
		t.Errorf("%+v", got)
	}
	got = start(t, []string{"CTHULIX_OPHUB_ADDR=" + hub.Address()}, "host", "drain", "node1").end()
	if got.status != exitFailed || !strings.Contains(got.err, "set --nomad or CTHULIX_NOMAD_ADDR") {
		t.Errorf("%+v", got)
	}
}
