package agentd

import (
	"context"
	"flag"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestNomadConfig(t *testing.T) {
	c := nomadClient{
		Host: "node1", Image: testImage, Link: "eth0", Port: 4656, Address: netip.MustParseAddr("10.20.0.11"),
		Kernel: ophub.Attachment{
			Name: "main", Namespace: "main", NodePool: `p"${x}`, NomadServers: []string{"10.20.0.1:4647", "10.20.0.2:4647"},
			ClientID: uuidOf("c"), SecretID: uuidOf("s"),
		},
	}
	got := c.HCL()
	const golden = "testdata/nomad.hcl"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if strings.Contains(got, c.Kernel.SecretID) {
		t.Error("the configuration shows the secret")
	}
}

func TestNodeStates(t *testing.T) {
	n := newNomadStub(t)
	a, _ := networkAgent(t, time.Hour)
	host, port, _ := strings.Cut(n.host, ":")
	if host != "127.0.0.1" {
		t.Fatal(n.host)
	}
	id := uuidOf("node")
	c := nomadClient{Port: int(netip.MustParseAddrPort("127.0.0.1:" + port).Port()), Kernel: ophub.Attachment{Name: "main", ClientID: id}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	states := make(chan ophub.KernelState)
	go a.watchNode(ctx, c, func(s ophub.KernelState) {
		select {
		case states <- s:
		case <-ctx.Done():
		}
	})
	next := func(status, part string) {
		t.Helper()
		for {
			select {
			case s := <-states:
				if s.Status == status && strings.Contains(s.Error, part) {
					return
				}
			case <-ctx.Done():
				t.Fatalf("waited in vain for %s with %q", status, part)
			}
		}
	}
	next(ophub.KernelStarting, "not registered")
	n.ready(id, func(s *stubNode) { s.Status = "initializing" })
	next(ophub.KernelStarting, "initializing")
	n.ready(id, nil)
	next(ophub.KernelReady, "")
	n.ready(id, func(s *stubNode) { s.Status = "down" })
	next(ophub.KernelStarting, "down")
	// An operator's wish made while the host is up is never touched.
	n.ready(id, func(s *stubNode) {
		s.SchedulingEligibility = "ineligible"
		s.LastDrain = &stubDrain{Meta: map[string]string{"message": selfDrain}}
	})
	next(ophub.KernelReady, "")
	if asked := n.asked(); len(asked) > 0 {
		t.Errorf("asked for %q", asked)
	}
}

func TestOwnDrainIsTakenBackAndNoOther(t *testing.T) {
	own := &stubDrain{Meta: map[string]string{"message": selfDrain}}
	for name, c := range map[string]struct {
		node stubNode
		want string
	}{
		"own, complete":  {stubNode{SchedulingEligibility: "ineligible", LastDrain: own}, "eligibility "},
		"own, going on":  {stubNode{SchedulingEligibility: "ineligible", LastDrain: own, DrainStrategy: &struct{ Deadline int }{}}, "drain "},
		"an operator's":  {stubNode{SchedulingEligibility: "ineligible", LastDrain: &stubDrain{}}, ""},
		"no drain":       {stubNode{SchedulingEligibility: "ineligible"}, ""},
		"eligible again": {stubNode{SchedulingEligibility: "eligible", LastDrain: own}, ""},
	} {
		n := newNomadStub(t)
		a, _ := networkAgent(t, time.Hour)
		client := nomadClient{Port: int(netip.MustParseAddrPort(n.host).Port()), Kernel: ophub.Attachment{ClientID: uuidOf(name)}}
		n.ready(uuidOf(name), func(s *stubNode) {
			id, status := s.ID, s.Status
			*s = c.node
			s.ID, s.Status = id, status
		})
		node, _, err := a.askNode(t.Context(), client, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.makeEligible(t.Context(), client, node); err != nil {
			t.Fatal(err)
		}
		asked := strings.Join(n.asked(), "; ")
		if c.want == "" && asked != "" || !strings.HasPrefix(asked, c.want) {
			t.Errorf("%s: asked for %q, want %q", name, asked, c.want)
		}
	}
}
