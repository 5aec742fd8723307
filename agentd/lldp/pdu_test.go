package lldp

import (
	"bytes"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

var (
	macA = net.HardwareAddr{0x52, 0x54, 0, 0xaa, 0, 1}
	macB = net.HardwareAddr{0x52, 0x54, 0, 0xbb, 0, 1}
)

func full() PDU {
	return PDU{
		Chassis: ID{MAC: macA}, Port: ID{Text: "eth0"}, TTL: Hold, PortDescription: "first port", System: "node1",
		Description: "Cthulix agentd 1.2.3, image K-0123456789ab", Capabilities: StationOnly, Enabled: StationOnly,
		Addresses: []netip.Addr{netip.MustParseAddr("10.20.0.11"), netip.MustParseAddr("fe80::1")}, VLAN: 20,
	}
}

func TestPDUSurvivesTheWire(t *testing.T) {
	for name, p := range map[string]PDU{
		"all of it": full(),
		"least":     {Chassis: ID{Text: "c"}, Port: ID{Text: "p"}, TTL: time.Second},
		"addresses": {Chassis: ID{Address: netip.MustParseAddr("192.0.2.1")}, Port: ID{Address: netip.MustParseAddr("2001:db8::1")}, TTL: Hold},
		"port MAC":  {Chassis: ID{MAC: macA}, Port: ID{MAC: macB}, TTL: 65535 * time.Second},
	} {
		got, err := Decode(p.Encode(macA))
		if err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("%s: %+v, %v\nwant %+v", name, got, err, p)
		}
	}
}

// TestFrame holds the encoder to bytes that were written by hand after the
// standard's figures, not by the decoder.
func TestFrame(t *testing.T) {
	want := "\x01\x80\xc2\x00\x00\x0e\x52\x54\x00\xaa\x00\x01\x88\xcc" +
		"\x02\x07\x04\x52\x54\x00\xaa\x00\x01" + // chassis: MAC address
		"\x04\x05\x05eth0" + // port: interface name
		"\x06\x02\x00\x78" + // 120 s
		"\x0a\x05node1" + // system name
		"\x0e\x04\x00\x80\x00\x80" + // station only
		"\x10\x0c\x05\x01\x0a\x14\x00\x0b\x01\x00\x00\x00\x00\x00" + // 10.20.0.11
		"\xfe\x06\x00\x80\xc2\x01\x00\x14" + // VLAN 20
		"\x00\x00"
	p := full()
	p.PortDescription, p.Description, p.Addresses = "", "", p.Addresses[:1]
	if got := string(p.Encode(macA)); got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
	p.TTL = 0
	bye := p.Encode(macA)
	if got, err := Decode(bye); err != nil || !reflect.DeepEqual(got, PDU{Chassis: p.Chassis, Port: p.Port}) {
		t.Errorf("goodbye says %+v, %v", got, err)
	}
	if len(bye) != minFrame {
		t.Errorf("goodbye has %d bytes", len(bye))
	}
}

func TestTextsFit(t *testing.T) {
	long := strings.Repeat("ü", 400)
	p := PDU{Chassis: ID{Text: long}, Port: ID{Text: long}, TTL: Hold, System: long, Description: long, PortDescription: long}
	got, err := Decode(p.Encode(macA))
	if err != nil || len(got.System) != 254 || !strings.HasPrefix(long, got.Description) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := full().Encode(macA)
	head := good[:headerSize]
	tlvs := func(parts ...string) []byte { return append(bytes.Clone(head), strings.Join(parts, "")...) }
	chassis, port, ttl, end := "\x02\x02\x07c", "\x04\x02\x05p", "\x06\x02\x00\x78", "\x00\x00"
	if _, err := Decode(tlvs(chassis, port, ttl, end)); err != nil {
		t.Fatalf("the good frame: %v", err)
	}
	for name, frame := range map[string][]byte{
		"nothing":            nil,
		"another type":       append(append(bytes.Clone(good[:12]), 8, 0), good[14:]...),
		"no TLV":             head,
		"no end":             tlvs(chassis, port, ttl),
		"no port":            tlvs(chassis, ttl, end),
		"end at once":        tlvs(end),
		"wrong order":        tlvs(port, chassis, ttl, end),
		"chassis twice":      tlvs(chassis, port, ttl, chassis, end),
		"time to live twice": tlvs(chassis, port, ttl, ttl, end),
		"name before port":   tlvs(chassis, "\x0a\x01n", port, ttl, end),
		"an empty ID":        tlvs("\x02\x01\x07", port, ttl, end),
		"a short time":       tlvs(chassis, port, "\x06\x01\x00", end),
		"beyond the frame":   tlvs(chassis, port, ttl, "\x0a\x09node1"),
		"cut in a header":    tlvs(chassis, port, ttl, "\x0a"),
	} {
		if p, err := Decode(frame); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestDecodeIsNotUpset(t *testing.T) {
	head := full().Encode(macA)[:headerSize]
	frame := append(bytes.Clone(head), "\x02\x07\x07a\x1b[2J\xff"+"\x04\x04\x04\x01\x0a\x00"+"\x06\x03\x00\x78\x99"+
		"\x0a\x07no\r\nde\x00"+"\x0e\x02\x00\x04"+"\x10\x03\xff\x01\x0a"+"\x10\x06\x04\x06\x01\x02\x03\x02"+"\xfe\x06\x00\x80\xc2\x01\x0f\xff"+"\xfe\x02\x00\x12"+"\x14\x01x\x00\x00"...)
	got, err := Decode(frame)
	want := PDU{Chassis: ID{Text: "a[2J?"}, Port: ID{Text: ""}, TTL: Hold, System: "no  de"}
	if err != nil || got.Chassis.Text != want.Chassis.Text || got.System != want.System || got.TTL != Hold ||
		got.Capabilities != 0 || len(got.Addresses) != 0 || got.VLAN != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(full().Encode(macA))
	f.Add(PDU{Chassis: ID{Text: "c"}, Port: ID{MAC: macB}}.Encode(macB))
	// As a switch says it: local port name, VLAN, management address with an interface number.
	f.Add([]byte("\x01\x80\xc2\x00\x00\x0e\x00\x1b\x54\x00\x00\x01\x88\xcc\x02\x07\x04\x00\x1b\x54\x00\x00\x01\x04\x08\x05Gi1/0/1\x06\x02\x00\x78" +
		"\x0a\x05leaf1\x0e\x04\x00\x14\x00\x04\x10\x0c\x05\x01\x0a\x14\x00\x02\x03\x00\x00\x00\x01\x00\xfe\x06\x00\x80\xc2\x01\x00\x14\x00\x00"))
	f.Fuzz(func(t *testing.T, frame []byte) {
		p, err := Decode(frame)
		if err != nil {
			return
		}
		if len(p.Addresses) > maxAddresses || p.VLAN > 4094 {
			t.Fatalf("%+v", p)
		}
		// What was taken in can be said again, and is understood as the same but
		// for texts that are longer than we make them.
		again, err := Decode(p.Encode(macA))
		if err != nil && p.Chassis.String() != "" && p.Port.String() != "" {
			t.Fatalf("%+v cannot be read back: %v", p, err)
		}
		if err == nil && p.TTL > 0 && (again.VLAN != p.VLAN || again.TTL != p.TTL) {
			t.Fatalf("%+v became %+v", p, again)
		}
	})
}
