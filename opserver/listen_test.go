package opserver

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
)

func freePort(t *testing.T, network string) int {
	t.Helper()
	if network == "udp" {
		conn := listenUDP(t)
		defer conn.Close()
		return conn.LocalAddr().(*net.UDPAddr).Port
	}
	l := listenTCP(t)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestListenReal(t *testing.T) {
	loopback := netip.MustParseAddr("127.0.0.1")
	var real Real
	var s *Sockets
	err := error(syscall.EADDRINUSE)
	// A port that was free may be another program's a moment later.
	for try := 0; try < 10 && errors.Is(err, syscall.EADDRINUSE); try++ {
		real = Real{Address: loopback, HTTPPort: freePort(t, "tcp"), Operator: "127.0.0.1:0", dhcpPort: freePort(t, "udp"), tftpPort: freePort(t, "udp")}
		s, err = ListenReal(real)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Prefix != netip.MustParsePrefix("127.0.0.0/8") || s.Interface == "" {
		t.Errorf("on %s, %v", s.Interface, s.Prefix)
	}
	if s.DHCP == nil || s.TFTP == nil || s.HTTP == nil || s.Operator == nil {
		t.Errorf("sockets %+v", s)
	}
	if _, err := ListenReal(Real{Address: loopback, dhcpPort: freePort(t, "udp"), tftpPort: real.tftpPort}); err == nil || !strings.Contains(err.Error(), "another server has the udp port") {
		t.Errorf("a port that is taken: %v", err)
	}
	if _, err := ListenReal(Real{Address: netip.MustParseAddr("192.0.2.1")}); err == nil || !strings.Contains(err.Error(), "192.0.2.1") {
		t.Errorf("an address that is not ours: %v", err)
	}
	if _, err := ListenReal(Real{Address: netip.MustParseAddr("::1")}); err == nil {
		t.Error("IPv6 was taken")
	}
}

func TestPrivilegeIsExplained(t *testing.T) {
	err := explain("DHCP", "udp", &net.OpError{Op: "listen", Net: "udp4", Addr: &net.UDPAddr{Port: 67}, Err: &fs.PathError{Op: "bind", Err: syscall.EACCES}})
	for _, want := range []string{"DHCP", ":67", "root", "cap_net_bind_service"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}
