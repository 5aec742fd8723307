package netstack_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/lab/netstack"
	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// udpFrame is an Ethernet frame with a UDP datagram, its UDP checksum left out.
func udpFrame(src, dst net.HardwareAddr, from, to, payload string) []byte {
	f, t := netip.MustParseAddrPort(from), netip.MustParseAddrPort(to)
	b := append(append(append([]byte{}, dst...), src...), 0x08, 0x00)
	ip := make([]byte, 20)
	ip[0], ip[8], ip[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(ip[2:], uint16(28+len(payload)))
	copy(ip[12:], f.Addr().AsSlice())
	copy(ip[16:], t.Addr().AsSlice())
	binary.BigEndian.PutUint16(ip[10:], ^sum(ip, 0))
	b = append(b, ip...)
	b = binary.BigEndian.AppendUint16(b, f.Port())
	b = binary.BigEndian.AppendUint16(b, t.Port())
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	b = append(b, 0, 0)
	return append(b, payload...)
}

// sum is the internet checksum, not complemented.
func sum(b []byte, start uint32) uint16 {
	for ; len(b) > 1; b = b[2:] {
		start += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		start += uint32(b[0]) << 8
	}
	for start > 0xffff {
		start = start>>16 + start&0xffff
	}
	return uint16(start)
}

func send(t *testing.T, ep wire.Endpoint, frame []byte) {
	t.Helper()
	if _, err := ep.Write(frame); err != nil {
		t.Fatal(err)
	}
}

// readFrame returns the next frame.
func readFrame(t *testing.T, ep wire.Endpoint) []byte {
	t.Helper()
	buf := make([]byte, wire.MaxFrame)
	n, err := ep.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return buf[:n]
}

func TestRouterSolicitation(t *testing.T) {
	cable, end := wire.Pipe()
	mac := net.HardwareAddr{2, 0xc7, 10, 20, 0, 1}
	s, err := netstack.New(end, netip.MustParsePrefix("10.20.0.1/24"), mac)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	client := net.HardwareAddr{0x52, 0x54, 0, 0, 0, 2}
	self := netip.MustParseAddr("fe80::5054:ff:fe00:2")
	for _, test := range []struct {
		from, to string
		toMAC    net.HardwareAddr
	}{
		{self.String(), self.String(), client},
		{"::", "ff02::1", net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}},
	} {
		send(t, cable, solicitation(client, netip.MustParseAddr(test.from)))
		f := readFrame(t, cable)
		if got := net.HardwareAddr(f[:6]); got.String() != test.toMAC.String() {
			t.Errorf("from %s: sent to %v, want %v", test.from, got, test.toMAC)
		}
		if got, _ := netip.AddrFromSlice(f[38:54]); got.String() != test.to {
			t.Errorf("from %s: sent to %v, want %s", test.from, got, test.to)
		}
		ra := f[54:]
		if f[21] != 255 || ra[0] != 134 || ra[1] != 0 {
			t.Errorf("not a router advertisement: %x", f)
		}
		if life := binary.BigEndian.Uint16(ra[6:]); life != 0 {
			t.Errorf("router lifetime %d", life)
		}
		if got := net.HardwareAddr(ra[18:24]); got.String() != mac.String() {
			t.Errorf("link address %v", got)
		}
		pseudo := append(append([]byte{}, f[22:54]...), 0, 0, 0, byte(len(ra)), 0, 0, 0, 58)
		if got := sum(ra, uint32(sum(pseudo, 0))); got != 0xffff {
			t.Errorf("checksum is off: %04x", got)
		}
	}
}

func solicitation(src net.HardwareAddr, from netip.Addr) []byte {
	b := append([]byte{0x33, 0x33, 0, 0, 0, 2}, src...)
	b = append(b, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 58, 255)
	b = append(b, from.AsSlice()...)
	b = append(b, netip.MustParseAddr("ff02::2").AsSlice()...)
	return append(b, 133, 0, 0, 0, 0, 0, 0, 0)
}
