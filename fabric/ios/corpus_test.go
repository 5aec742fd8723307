//go:build corpus

package ios

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// corpusEnv names a directory of captures: COMMAND/NAME.raw as a device printed
// it, and NAME.yml with the fields in it, in the form of ntc-templates.
const corpusEnv = "CTHULIX_CORPUS"

// fields is what a parser read, in the words of the corpus. A value is a string
// or a list of them.
type fields map[string]any

// corpusReaders turn a capture into rows, for each command that is read here.
var corpusReaders = map[string]func(string) ([]fields, error){
	"show_interfaces_status": func(text string) ([]fields, error) {
		return rows(ParseInterfacesStatus, func(r PortStatus) fields {
			return fields{"port": r.Name, "name": r.Description, "status": r.Status, "vlan_id": r.VLAN, "duplex": r.Duplex, "speed": r.Speed, "type": r.Type}
		})(text)
	},
	"show_interfaces_switchport": func(text string) ([]fields, error) {
		return rows(ParseSwitchports, func(r Switchport) fields {
			f := fields{"interface": r.Name, "admin_mode": r.Admin, "mode": r.Operational, "access_vlan": orNothing(r.Access), "native_vlan": orNothing(r.Native),
				"voice_vlan": r.Voice, "switchport_negotiation": r.Negotiation}
			f["trunking_vlans"] = r.Allowed.String()
			return f
		})(text)
	},
	"show_vlan": func(text string) ([]fields, error) {
		vlans, err := ParseVLANBrief(text)
		var out []fields
		for _, v := range vlans {
			status := v.State
			if status == "" {
				status = "active"
			}
			out = append(out, fields{"vlan_id": strconv.Itoa(v.ID), "vlan_name": v.Name, "status": status})
		}
		return out, err
	},
	"show_vtp_status": func(text string) ([]fields, error) {
		v, err := ParseVTPStatus(text)
		return []fields{{"version": strconv.Itoa(v.Version), "domain": v.Domain, "mode": v.Mode, "max_vlans": strconv.Itoa(v.MaxVLANs)}}, err
	},
	"show_version": func(text string) ([]fields, error) {
		v, err := ParseVersion(text)
		return []fields{{"version": v.Software, "hostname": v.Hostname, "hardware": v.Model, "serial": v.Serial}}, err
	},
	"show_etherchannel_summary": func(text string) ([]fields, error) {
		return rows(ParseEtherchannelSummary, func(r Etherchannel) fields {
			var ports, flags []string
			for _, m := range r.Members {
				ports, flags = append(ports, m.Port), append(flags, m.Flag)
			}
			return fields{"group": strconv.Itoa(r.Group), "bundle_name": r.Name, "bundle_status": r.Flags, "bundle_protocol": r.Protocol, "member_interface": ports, "member_interface_status": flags}
		})(text)
	},
	"show_lldp_neighbors_detail": func(text string) ([]fields, error) {
		return rows(ParseLLDPNeighbors, func(r fabric.Neighbor) fields {
			return fields{"local_interface": r.LocalPort, "chassis_id": r.ChassisID, "neighbor_port_id": r.Port, "neighbor_interface": r.PortDescription,
				"neighbor_name": r.Name, "mgmt_address": first(r.Addresses), "vlan_id": orNothing(r.VLAN), "neighbor_description": r.Description,
				"capabilities": strings.Join(r.Capabilities, ",")}
		})(text)
	},
	"show_cdp_neighbors_detail": func(text string) ([]fields, error) {
		return rows(ParseCDPNeighbors, func(r fabric.Neighbor) fields {
			return fields{"local_interface": r.LocalPort, "neighbor_name": r.Name, "neighbor_interface": r.Port, "mgmt_address": first(r.Addresses),
				"platform": r.Platform, "capabilities": strings.Join(r.Capabilities, " "), "neighbor_description": r.Description}
		})(text)
	},
	"show_mac-address-table": func(text string) ([]fields, error) {
		return rows(ParseMACTable, func(r fabric.MACEntry) fields {
			return fields{"destination_address": r.MAC, "type": r.Type, "destination_port": r.Ports, "vlan_id": orNothing(r.VLAN)}
		})(text)
	},
	"show_interfaces": func(text string) ([]fields, error) {
		return rows(ParseInterfaces, func(r Interface) fields {
			addr, bits, _ := strings.Cut(r.Address, "/")
			return fields{"interface": r.Name, "link_status": r.Link, "protocol_status": r.Protocol, "hardware_type": r.Hardware, "mac_address": r.MAC,
				"description": r.Description, "ip_address": addr, "prefix_length": bits, "mtu": orNothing(r.MTU), "bandwidth": r.Bandwidth,
				"duplex": r.Duplex, "speed": r.Speed, "media_type": r.Media}
		})(text)
	},
	"show_ip_interface_brief": func(text string) ([]fields, error) {
		return rows(ParseIPInterfaceBrief, func(r InterfaceBrief) fields {
			return fields{"interface": r.Name, "ip_address": r.Address, "status": r.Status, "proto": r.Protocol}
		})(text)
	},
	"show_spanning-tree": func(text string) ([]fields, error) {
		trees, err := ParseSpanningTree(text)
		var out []fields
		for _, t := range trees {
			for _, p := range t.Ports {
				out = append(out, fields{"vlan_id": strconv.Itoa(t.VLAN), "interface": p.Name, "role": p.Role, "status": p.State, "cost": strconv.Itoa(p.Cost),
					"port_priority": strconv.Itoa(p.PortPriority), "port_id": strconv.Itoa(p.PortID), "type": p.Type})
			}
		}
		return out, err
	},
	"show_power_inline": func(text string) ([]fields, error) {
		return rows(ParsePowerInline, func(r PortPower) fields {
			return fields{"interface": r.Name, "admin_status": r.Admin, "operational_status": r.Oper, "power": r.Watts, "device": r.Device, "class": r.Class, "max": r.Max}
		})(text)
	},
	"show_archive": func(text string) ([]fields, error) {
		a, err := ParseArchive(text)
		f := fields{"next_filename": a.Next, "filenames": a.Files, "state": map[bool]string{false: "not enabled"}[a.Enabled], "current_index": ""}
		if i := slices.Index(a.Files, a.Latest); i >= 0 {
			f["current_index"] = strconv.Itoa(i + 1)
		}
		return []fields{f}, err
	},
}

func rows[T any](parse func(string) ([]T, error), show func(T) fields) func(string) ([]fields, error) {
	return func(text string) ([]fields, error) {
		found, err := parse(text)
		var out []fields
		for _, r := range found {
			out = append(out, show(r))
		}
		return out, err
	}
}

func orNothing(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// TestCorpus reads every capture of every command that the package reads. There
// is nothing to skip: without a corpus, the build tag is left out.
func TestCorpus(t *testing.T) {
	dir := os.Getenv(corpusEnv)
	if dir == "" {
		t.Fatalf("set %s to a directory of captures", corpusEnv)
	}
	for command, read := range corpusReaders {
		raws, err := filepath.Glob(filepath.Join(dir, "ios", command, "*.raw"))
		if err != nil || len(raws) == 0 {
			t.Errorf("%s: no captures (%v)", command, err)
		}
		for _, raw := range raws {
			t.Run(command+"/"+strings.TrimSuffix(filepath.Base(raw), ".raw"), func(t *testing.T) { checkCapture(t, raw, read) })
		}
	}
}

func checkCapture(t *testing.T, raw string, read func(string) ([]fields, error)) {
	text, err := os.ReadFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(strings.TrimSuffix(raw, ".raw") + ".yml")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Rows []map[string]any `yaml:"parsed_sample"`
	}
	if err := yaml.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	got, err := read(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Base(filepath.Dir(raw)) == "show_vlan" {
		// The VLANs that the switch keeps are not read; the rest has no order.
		doc.Rows = slices.DeleteFunc(doc.Rows, func(r map[string]any) bool { return r["status"] == "act/unsup" })
		slices.SortFunc(got, func(a, b fields) int {
			x, _ := strconv.Atoi(a["vlan_id"].(string))
			y, _ := strconv.Atoi(b["vlan_id"].(string))
			return x - y
		})
	}
	if len(got) != len(doc.Rows) {
		t.Fatalf("%d rows, want %d: %v", len(got), len(doc.Rows), got)
	}
	for i, want := range doc.Rows {
		for key, have := range got[i] {
			if a, b := plain(key, have), plain(key, want[key]); a != b && !alike(key, a, b) {
				t.Errorf("row %d: %s is %q, want %q", i+1, key, a, b)
			}
		}
	}
}

// plain writes a value in one spelling.
func plain(key string, v any) string {
	var list []string
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		list = []string{v}
	case []string:
		list = v
	case []any:
		for _, e := range v {
			list = append(list, fmt.Sprint(e))
		}
	default:
		list = []string{fmt.Sprint(v)}
	}
	for i, s := range list {
		s = strings.Join(strings.Fields(s), " ")
		switch key {
		case "port", "interface", "local_interface", "bundle_name", "member_interface", "destination_port":
			s = canonicalPort(s)
		case "destination_address", "chassis_id":
			s = chassis(s)
		case "type", "mode", "trunking_vlans":
			s = strings.ToLower(s)
		}
		list[i] = s
	}
	return strings.Join(list, ",")
}

// alike forgives what the corpus words in another way than a switch does.
func alike(key, got, want string) bool {
	switch key {
	case "neighbor_description":
		return strings.HasPrefix(got, want)
	case "voice_vlan", "access_vlan", "native_vlan":
		return got == "" && (want == "unassigned" || want == "none" || want == "0")
	case "media_type":
		return strings.HasPrefix(got, "unknown")
	case "ip_address":
		return got == "" && want == "unassigned"
	case "vlan_id":
		return got == "" && !strings.ContainsAny(want, "0123456789") || want != "" && strings.Contains(want, "/")
	case "trunking_vlans":
		a, errA := fabric.ParseVLANSet(got)
		b, errB := fabric.ParseVLANSet(want)
		return errA == nil && errB == nil && a == b
	case "hardware", "serial":
		return want == "" || strings.HasPrefix(want, got) || got == ""
	}
	return false
}
