package agentd

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/nclient4"
)

// networkAgent is an agent that has its parameters and nothing else.
func networkAgent(t *testing.T, term time.Duration) (*agent, *recordingOS) {
	t.Helper()
	root := t.TempDir()
	o := &recordingOS{t: t, root: root, dhcp: newDHCPServer(t, term), actions: make(chan Action)}
	cfg := Config{OS: o, Root: root, Retry: 5 * time.Millisecond, MaxRetry: 20 * time.Millisecond}
	if err := cfg.complete(); err != nil {
		t.Fatal(err)
	}
	a := &agent{cfg: cfg, os: o, log: cfg.Logger, params: Params{MAC: testMAC, Host: "node1"}}
	a.releases = &releases{agent: a}
	return a, o
}

func TestLeaseIsRenewedAndReplaced(t *testing.T) {
	a, o := networkAgent(t, time.Hour)
	o.dhcp.set(func(d *dhcpServer) { d.renew = time.Second })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := a.network(ctx); err != nil {
		t.Fatal(err)
	}
	if want := netip.MustParsePrefix("10.20.0.11/24"); a.lease.Address != want || a.lease.MTU != 1500 {
		t.Errorf("lease %+v", a.lease.Network)
	}
	// Its server refuses to extend it: the host takes another address.
	o.dhcp.set(func(d *dhcpServer) { d.refuse, d.ip = true, net.IPv4(10, 20, 0, 12) })
	moved := make(chan netip.Addr, 1)
	done := make(chan error, 1)
	go func() { done <- a.keepLease(ctx, func(to netip.Addr) { moved <- to; cancel() }) }()
	select {
	case to := <-moved:
		if to != netip.MustParseAddr("10.20.0.12") {
			t.Errorf("moved to %s", to)
		}
	case err := <-done:
		t.Fatalf("the lease is kept no more: %v", err)
	}
	<-done
	if calls := o.log(); !slices.Contains(calls, "configure eth1 10.20.0.12/24 via 10.20.0.1 mtu 1500") {
		t.Errorf("asked of Linux: %q", calls)
	}
	want := []string{"DISCOVER", "REQUEST", "REQUEST", "DISCOVER", "REQUEST"}
	o.dhcp.set(func(d *dhcpServer) {
		for i, s := range d.seen {
			if i < len(want) && s != want[i]+" of node1, cthulix-agentd" {
				t.Errorf("message %d is %q, want %s", i, s, want[i])
			}
		}
		if len(d.seen) < len(want) {
			t.Errorf("the server saw %q", d.seen)
		}
	})
}

func TestMissingNetworkCard(t *testing.T) {
	for name, c := range map[string]struct {
		links []Link
		want  string
	}{
		"none":    {nil, "no network interface at all, 52:54:00:aa:00:01 is wanted: the image lacks the module"},
		"another": {[]Link{{Name: "eth0", MAC: "52:54:00:00:00:09"}}, "only eth0 52:54:00:00:00:09"},
	} {
		if _, err := findLink(c.links, testMAC); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadGrant(t *testing.T) {
	grant := func(mods ...dhcpv4.Modifier) *nclient4.Lease {
		ack, err := dhcpv4.New(mods...)
		if err != nil {
			t.Fatal(err)
		}
		return &nclient4.Lease{ACK: ack, Offer: ack, CreationTime: time.Unix(1000, 0)}
	}
	ip, mask := dhcpv4.WithYourIP(net.IPv4(10, 0, 0, 5)), dhcpv4.WithNetmask(net.CIDRMask(8, 32))
	l, err := readGrant(grant(ip, mask, dhcpv4.WithLeaseTime(800)))
	if err != nil {
		t.Fatal(err)
	}
	if l.Renew.Unix() != 1400 || l.Rebind.Unix() != 1700 || l.Expires.Unix() != 1800 || l.Router.IsValid() {
		t.Errorf("renew %d, rebind %d, expires %d, router %s", l.Renew.Unix(), l.Rebind.Unix(), l.Expires.Unix(), l.Router)
	}
	l, err = readGrant(grant(ip, mask, dhcpv4.WithLeaseTime(800),
		dhcpv4.WithGeneric(dhcpv4.OptionRenewTimeValue, []byte{0, 0, 255, 0}),
		dhcpv4.WithGeneric(dhcpv4.OptionRouter, []byte{1, 2, 3}),
		dhcpv4.WithGeneric(dhcpv4.OptionInterfaceMTU, []byte{0, 10})))
	if err != nil || l.Renew.Unix() != 1400 || l.MTU != 0 {
		t.Errorf("nonsense was believed: %+v, %v", l, err)
	}
	if _, err := readGrant(grant(mask)); err == nil {
		t.Error("took no address for one")
	}
	if _, err := readGrant(grant(ip)); err == nil {
		t.Error("took no mask for one")
	}
}
