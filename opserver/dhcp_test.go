package opserver

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/nclient4"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func hw(mac string) net.HardwareAddr {
	a, err := net.ParseMAC(mac)
	if err != nil {
		panic(err)
	}
	return a
}

func arch(a iana.Arch) dhcpv4.Modifier {
	return dhcpv4.WithOption(dhcpv4.OptClientArch(a))
}

func class(name string) dhcpv4.Modifier {
	return dhcpv4.WithOption(dhcpv4.OptClassIdentifier(name))
}

var asIPXE = []dhcpv4.Modifier{class(classPXE + ":Arch:00000:UNDI:002001"), arch(iana.INTEL_X86PC), dhcpv4.WithUserClass("iPXE", false)}

// dhcpClient is the library's own client, on the site's network.
func (s *site) dhcpClient(mac string) *nclient4.Client {
	s.t.Helper()
	c, err := nclient4.NewWithConn(s.ether.client(), hw(mac), nclient4.WithTimeout(5*time.Second), nclient4.WithRetry(2))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

func (s *site) ask(mac string, modifiers ...dhcpv4.Modifier) *nclient4.Lease {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	lease, err := s.dhcpClient(mac).Request(ctx, modifiers...)
	if err != nil {
		s.t.Fatalf("%s got no lease: %v\n%s", mac, err, s.log)
	}
	return lease
}

func TestWhatEachClientIsToldToLoad(t *testing.T) {
	s := newSite(t).run()
	base := s.URL()
	for _, test := range []struct {
		name      string
		modifiers []dhcpv4.Modifier
		file      string
		class     string
		ipxe      bool
	}{
		{"BIOS", []dhcpv4.Modifier{class(classPXE + ":Arch:00000"), arch(0)}, "undionly.kpxe", "", false},
		{"BIOS that does not say so", []dhcpv4.Modifier{class(classPXE)}, "undionly.kpxe", "", false},
		{"UEFI 7", []dhcpv4.Modifier{class(classPXE + ":Arch:00007"), arch(7)}, "snponly.efi", "", false},
		{"UEFI 9", []dhcpv4.Modifier{class(classPXE + ":Arch:00009"), arch(9)}, "snponly.efi", "", false},
		{"UEFI HTTP", []dhcpv4.Modifier{class(classHTTP + ":Arch:00016"), arch(16)}, base + "/firmware/snponly.efi", classHTTP, false},
		{"UEFI arm64", []dhcpv4.Modifier{class(classPXE + ":Arch:00011"), arch(11)}, "", "", false},
		{"iPXE", asIPXE, base + "/boot.ipxe?mac=" + mac1, "", true},
		{"iPXE by option 175", []dhcpv4.Modifier{arch(7), dhcpv4.WithGeneric(dhcpv4.OptionEtherboot, []byte{1, 1, 1})}, base + "/boot.ipxe?mac=" + mac1, "", true},
		{"Linux", nil, "", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			lease := s.ask(mac1, test.modifiers...)
			for _, m := range []*dhcpv4.DHCPv4{lease.Offer, lease.ACK} {
				if m.BootFileName != test.file || m.BootFileNameOption() != test.file {
					t.Errorf("%v: boot file %q in the header, %q as option 67", m.MessageType(), m.BootFileName, m.BootFileNameOption())
				}
				if m.ClassIdentifier() != test.class {
					t.Errorf("%v: option 60 is %q", m.MessageType(), m.ClassIdentifier())
				}
				if got := string(m.Options.Get(dhcpv4.OptionEtherboot)) == string(noPXEDHCP); got != test.ipxe {
					t.Errorf("%v: option 175 is %v", m.MessageType(), m.Options.Get(dhcpv4.OptionEtherboot))
				}
				if test.file != "" && !m.ServerIPAddr.Equal(net.IPv4(127, 0, 0, 1)) {
					t.Errorf("%v: next server %v", m.MessageType(), m.ServerIPAddr)
				}
				if ones, _ := m.SubnetMask().Size(); ones != 24 || m.HostName() != "node1" {
					t.Errorf("%v: mask /%d, host name %q", m.MessageType(), ones, m.HostName())
				}
				if m.IPAddressLeaseTime(0) < 44*time.Minute {
					t.Errorf("%v: lease of %v", m.MessageType(), m.IPAddressLeaseTime(0))
				}
			}
		})
	}
	for _, to := range s.ether.server.sentTo {
		if to != netip.MustParseAddrPort("255.255.255.255:68") {
			t.Errorf("sent to %v, but all of these clients can hear broadcasts only", to)
		}
	}
}

func TestAllProgramsOfAMachineGetOneAddress(t *testing.T) {
	s := newSite(t).run()
	clientID := dhcpv4.WithOption(dhcpv4.OptClientIdentifier([]byte{255, 1, 2, 3, 4, 5, 6}))
	first := s.ask(mac1, class(classPXE), arch(0)).ACK.YourIPAddr
	second := s.ask(mac1, append(asIPXE, clientID)...).ACK.YourIPAddr
	third := s.ask(mac1).ACK.YourIPAddr
	if !first.Equal(second) || !first.Equal(third) {
		t.Errorf("firmware has %v, iPXE %v, Linux %v", first, second, third)
	}
	if len(s.records.leases) != 1 {
		t.Errorf("leases on record: %v", s.records.leases)
	}
	s.waitStage("node1", ophub.StageDHCP, "iPXE on BIOS has")
	s.waitStage("node1", ophub.StagePower, "an operating system runs")
}

func TestLeasesSurviveARestart(t *testing.T) {
	s := newSite(t).run()
	before := map[string]string{mac1: s.ask(mac1).ACK.YourIPAddr.String(), mac2: s.ask(mac2).ACK.YourIPAddr.String()}
	if before[mac1] == before[mac2] {
		t.Fatal("two machines have one address")
	}
	s.stop()

	s.ether = newEther()
	s.Server = s.server()
	s.run()
	for mac, want := range before {
		if got := s.ask(mac).ACK.YourIPAddr.String(); got != want {
			t.Errorf("%s had %s and now has %s", mac, want, got)
		}
	}
}

func TestStrangersGetNothing(t *testing.T) {
	s := newSite(t).run()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	asked := make(chan error, 1)
	stranger := s.dhcpClient(mac9)
	go func() {
		_, err := stranger.DiscoverOffer(ctx, class(classPXE), arch(7))
		asked <- err
	}()
	// The same queue serves a known machine after it, so the stranger's packet has been looked at by then.
	for len(s.strangers.list(s.onRecord)) == 0 {
		s.ask(mac1)
	}
	cancel()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Errorf("the stranger got an answer: %v", err)
	}
	list := s.strangers.list(s.onRecord)
	if list[0].MAC != mac9 || list[0].Client != "UEFI x64 firmware" || list[0].Count == 0 {
		t.Errorf("strangers: %+v", list)
	}
	if n := strings.Count(s.log.String(), "no host record names this MAC"); n != 1 {
		t.Errorf("logged %d times", n)
	}
	for _, lease := range s.records.leases {
		if lease.MAC == mac9 {
			t.Error("the stranger has a lease")
		}
	}
	// Once it is on record, it is served and a stranger no more.
	s.records.setHosts(append(s.records.hosts, ophub.Host{Name: "node9", MACs: []string{mac9}, Image: s.image})...)
	s.until("node9 on record", func() bool { return s.onRecord(mac9) })
	s.ask(mac9)
	if list := s.strangers.list(s.onRecord); len(list) != 0 {
		t.Errorf("strangers: %+v", list)
	}
}

// exchange handles one message as the server does, without a network.
func exchange(t *testing.T, d *dhcpServer, host string, m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
	t.Helper()
	client := d.DHCP.(*etherConn).net.client()
	d.handle(context.Background(), dhcpRequest{message: m, mac: m.ClientHWAddr.String(), host: ophub.Host{Name: host, Image: "K-x"}, client: classify(m)})
	select {
	case p := <-client.in:
		reply, err := dhcpv4.FromBytes(p.data)
		if err != nil {
			t.Fatal(err)
		}
		return reply
	default:
		return nil
	}
}

func (s *site) dhcp() *dhcpServer {
	return &dhcpServer{Config: &s.Config, baseURL: s.baseURL, hosts: s.hosts, table: s.table, strangers: s.strangers, publish: s.stages.publish, log: s.Logger}
}

func message(t *testing.T, mac string, kind dhcpv4.MessageType, modifiers ...dhcpv4.Modifier) *dhcpv4.DHCPv4 {
	t.Helper()
	m, err := dhcpv4.New(append([]dhcpv4.Modifier{dhcpv4.WithHwAddr(hw(mac)), dhcpv4.WithMessageType(kind)}, modifiers...)...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRequestsThatAreRefusedOrPassedOver(t *testing.T) {
	s := newSite(t)
	s.hosts.set(s.records.hosts)
	d := s.dhcp()
	requested := func(a string) dhcpv4.Modifier {
		return dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(net.ParseIP(a)))
	}
	s.lease(mac2, "node2", "127.0.0.15")

	other := exchange(t, d, "node1", message(t, mac1, dhcpv4.MessageTypeRequest, requested("127.0.0.12"), dhcpv4.WithOption(dhcpv4.OptServerIdentifier(net.IPv4(127, 0, 0, 5)))))
	if other != nil {
		t.Errorf("answered a request that was another server's: %v", other)
	}
	for what, wanted := range map[string]string{"leased to another": "127.0.0.15", "out of the range": "127.0.0.99", "our own": "127.0.0.1", "none": "0.0.0.0"} {
		got := exchange(t, d, "node1", message(t, mac1, dhcpv4.MessageTypeRequest, requested(wanted)))
		if got == nil || got.MessageType() != dhcpv4.MessageTypeNak || !got.YourIPAddr.IsUnspecified() {
			t.Errorf("%s (%s): %v", what, wanted, got)
		}
	}
	renew := exchange(t, d, "node2", message(t, mac2, dhcpv4.MessageTypeRequest, dhcpv4.WithClientIP(net.ParseIP("127.0.0.15"))))
	if renew == nil || renew.MessageType() != dhcpv4.MessageTypeAck {
		t.Errorf("renewal: %v", renew)
	}
	if to := s.ether.server.sentTo[len(s.ether.server.sentTo)-1]; to.String() != "127.0.0.15:68" {
		t.Errorf("the renewal's answer went to %v", to)
	}
	relayed := exchange(t, d, "node2", message(t, mac2, dhcpv4.MessageTypeDiscover, dhcpv4.WithGatewayIP(net.ParseIP("127.0.0.3"))))
	if relayed == nil || s.ether.server.sentTo[len(s.ether.server.sentTo)-1].String() != "127.0.0.3:67" {
		t.Errorf("relayed: %v to %v", relayed, s.ether.server.sentTo)
	}
	inform := exchange(t, d, "node2", message(t, mac2, dhcpv4.MessageTypeInform, dhcpv4.WithClientIP(net.ParseIP("127.0.0.15"))))
	if inform == nil || !inform.YourIPAddr.IsUnspecified() || inform.IPAddressLeaseTime(0) != 0 {
		t.Errorf("inform: %v", inform)
	}
}

func TestDeclineAndRelease(t *testing.T) {
	s := newSite(t)
	s.hosts.set(s.records.hosts)
	d := s.dhcp()
	s.lease(mac1, "node1", "127.0.0.15")
	exchange(t, d, "node1", message(t, mac1, dhcpv4.MessageTypeRelease, dhcpv4.WithClientIP(net.ParseIP("127.0.0.15"))))
	if s.leasedTo(netip.MustParseAddr("127.0.0.15")) {
		t.Error("the released lease is still in force")
	}
	offer := exchange(t, d, "node1", message(t, mac1, dhcpv4.MessageTypeDiscover))
	if !offer.YourIPAddr.Equal(net.IPv4(127, 0, 0, 15)) {
		t.Errorf("after the release it is offered %v", offer.YourIPAddr)
	}
	exchange(t, d, "node1", message(t, mac1, dhcpv4.MessageTypeDecline, dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(net.IPv4(127, 0, 0, 15)))))
	offer = exchange(t, d, "node1", message(t, mac1, dhcpv4.MessageTypeDiscover))
	if offer.YourIPAddr.Equal(net.IPv4(127, 0, 0, 15)) {
		t.Error("it is offered the address that it declined")
	}
}

func TestAFullRangeIsSaid(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Range = Range{c.Range.First, c.Range.First} })
	s.hosts.set(s.records.hosts)
	s.lease(mac2, "node2", "127.0.0.10")
	if got := exchange(t, s.dhcp(), "node1", message(t, mac1, dhcpv4.MessageTypeDiscover, asIPXE...)); got != nil {
		t.Errorf("got %v", got)
	}
	e := <-s.stages.queue
	if e.host != "node1" || !strings.Contains(e.event.Detail, "no address is left: all of 127.0.0.10–127.0.0.10 is leased") {
		t.Errorf("published %+v", e)
	}
}

func TestRecordsAwayForARenewal(t *testing.T) {
	s := newSite(t)
	s.hosts.set(s.records.hosts)
	lease := ophub.Lease{MAC: mac1, IP: "127.0.0.15", Host: "node1", Expires: s.Now().Add(20 * time.Minute)}
	s.table.set(lease)
	s.records.setAway(errors.New("no leader"))
	got := exchange(t, s.dhcp(), "node1", message(t, mac1, dhcpv4.MessageTypeRequest, dhcpv4.WithClientIP(net.IPv4(127, 0, 0, 15))))
	if got == nil || got.MessageType() != dhcpv4.MessageTypeAck || got.IPAddressLeaseTime(0) > 20*time.Minute {
		t.Errorf("a lease with 20 minutes left: %v", got)
	}
	fresh := exchange(t, s.dhcp(), "node2", message(t, mac2, dhcpv4.MessageTypeRequest, dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(net.IPv4(127, 0, 0, 16)))))
	if fresh != nil {
		t.Errorf("a lease that is on no record was given: %v", fresh)
	}
}

func FuzzDHCP(f *testing.F) {
	for _, modifiers := range [][]dhcpv4.Modifier{nil, asIPXE, {class(classHTTP), arch(16)}} {
		m, err := dhcpv4.NewDiscovery(hw(mac1), modifiers...)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(m.ToBytes())
		m.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeRequest))
		m.UpdateOption(dhcpv4.OptRequestedIPAddress(net.IPv4(127, 0, 0, 12)))
		f.Add(m.ToBytes())
		f.Add(m.ToBytes()[:241])
	}
	f.Add([]byte{1, 1, 6})
	s := newSite(f)
	d := s.dhcp()
	for i := range d.queues {
		d.queues[i] = make(chan dhcpRequest, 1)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		if m, err := dhcpv4.FromBytes(p); err == nil && len(m.ClientHWAddr) == 6 {
			s.hosts.set([]ophub.Host{{Name: "node1", MACs: []string{m.ClientHWAddr.String()}, Image: s.image}})
		}
		d.packet(p, netip.MustParseAddrPort("127.0.0.9:68"))
		for _, queue := range d.queues {
			select {
			case r := <-queue:
				d.handle(context.Background(), r)
			default:
			}
		}
	drain:
		for {
			select {
			case <-s.stages.queue:
			default:
				break drain
			}
		}
	})
}
