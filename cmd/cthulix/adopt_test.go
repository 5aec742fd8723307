package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2/hclparse"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func found() []ophub.Discovered {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return []ophub.Discovered{
		{MAC: "b0:26:28:00:00:01", First: at, Last: at.Add(time.Hour), Inventory: ophub.Inventory{
			System:   ophub.System{Vendor: "Dell Inc.", Product: "PowerEdge R640", Serial: "1ABC2D3"},
			Firmware: ophub.FirmwareID{Kind: "uefi", Version: "2.19.1"},
			CPU:      ophub.CPU{Model: "Intel(R) Xeon(R) Silver 4210", Sockets: 2, Cores: 20, Threads: 40}, MemoryMiB: 128751,
			Disks: []ophub.Disk{{Name: "sda", Model: "SAMSUNG", Serial: "S4F", Bytes: 1920383410176}},
			NICs: []ophub.NIC{
				{Name: "eno1", MAC: "b0:26:28:00:00:01", Driver: "bnx2x", Mbps: 10000, Link: true,
					Neighbors: []ophub.Neighbor{{System: "leaf1.example.net", Port: "Gi1/0/1", VLAN: 20}}},
				{Name: "eno2", MAC: "b0:26:28:00:00:02", Driver: "bnx2x"},
			},
			BMC: ophub.InBandBMC{Address: "10.30.0.5"},
		}},
		{MAC: "52:54:00:00:00:09", First: at, Last: at, Inventory: ophub.Inventory{
			System: ophub.System{Vendor: "evil\"${file(\"/etc/passwd\")}\nresource \"x\" \"y\" {}"},
			NICs: []ophub.NIC{{Name: "eth0", MAC: "52:54:00:00:00:09", Link: true,
				Neighbors: []ophub.Neighbor{{System: "a\"%{ if true }${b}", Port: "p\\\"\n}"}}}},
			BMC: ophub.InBandBMC{Missing: "no /dev/ipmi0"},
		}},
	}
}

func TestAdoptHCL(t *testing.T) {
	got := string(adoptHCL(found(), adoptFlags{image: "cthulix_image.node.kid", credentials: "bmc"}))
	path := "testdata/adopt.tf"
	if os.Getenv("CTHULIX_UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%v; got:\n%s", err, got)
	}
	file, diags := hclparse.NewParser().ParseHCL([]byte(got), "adopt.tf")
	if diags.HasErrors() {
		t.Fatalf("%v", diags)
	}
	attributes, _ := file.Body.JustAttributes()
	if len(attributes) != 0 || strings.Count(got, "\nresource ") != 2 {
		t.Errorf("a machine has smuggled something in:\n%s", got)
	}
}

func TestChosen(t *testing.T) {
	for _, c := range []struct {
		args []string
		n    int
		err  string
	}{
		{[]string{"all"}, 2, ""},
		{[]string{"B0-26-28-00-00-02", "b0:26:28:00:00:01"}, 1, ""},
		{[]string{"52:54:00:00:00:01"}, 0, "was not discovered"},
		{[]string{"eth0"}, 0, "not a MAC address"},
	} {
		got, err := chosen(found(), c.args)
		if len(got) != c.n || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q: %d, %v", c.args, len(got), err)
		}
	}
	if _, err := chosen(nil, []string{"all"}); err == nil || !strings.Contains(err.Error(), "--discovery") {
		t.Errorf("none: %v", err)
	}
}
