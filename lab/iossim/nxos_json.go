package iossim

import (
	"encoding/json"
	"strconv"
	"strings"
)

// nexusStructures are what a Nexus prints for `| json`, by the command's words.
// A table of one row is an object in place of a list, as on the real one.
var nexusStructures = map[string]func(*Sim) any{
	"show vlan": nexusVLANTables,
	"show vlan brief": func(s *Sim) any {
		return map[string]any{"TABLE_vlanbriefxbrief": table("vlanbriefxbrief", nexusVLANRows(s)...)}
	},
	"show version": nexusVersionFields,
	"show inventory": func(s *Sim) any {
		return map[string]any{"TABLE_inv": table("inv", map[string]string{
			"name": "Chassis", "desc": "Nexus9000 " + s.profile.Name + " Chassis", "productid": s.profile.Name, "vendorid": "V01", "serialnum": s.serial(),
		})}
	},
}

// structured answers a show command that is wanted as JSON.
func (s *session) structured(m match, line string, pretty bool) {
	fields := nexusStructures[strings.Join(m.words, " ")]
	if fields == nil {
		s.reject("Error: Structured output unsupported for %q: the lab does not simulate it\n", strings.TrimSpace(line))
		return
	}
	text, err := json.Marshal(fields(s.sim))
	if pretty {
		text, err = json.MarshalIndent(fields(s.sim), "", "    ")
	}
	if err != nil {
		s.reject("Error: %v\n", err)
		return
	}
	s.printf("%s\n", text)
}

func table(name string, rows ...map[string]string) any {
	if len(rows) == 1 {
		return map[string]any{"ROW_" + name: rows[0]}
	}
	return map[string]any{"ROW_" + name: rows}
}

func nexusVLANRows(s *Sim) []map[string]string {
	var rows []map[string]string
	for _, id := range s.nexusVLANs() {
		v := s.db.VLANs[id]
		state, shut := "active", "noshutdown"
		if v.Suspended {
			state = "suspend"
		}
		if v.Shutdown {
			shut = "shutdown"
		}
		rows = append(rows, map[string]string{
			"vlanshowbr-vlanid": strconv.Itoa(id), "vlanshowbr-vlanid-utf": strconv.Itoa(id), "vlanshowbr-vlanname": s.db.name(id),
			"vlanshowbr-vlanstate": state, "vlanshowbr-shutstate": shut, "vlanshowplist-ifidx": strings.Join(s.nexusMembers(id), ","),
		})
	}
	return rows
}

func nexusVLANTables(s *Sim) any {
	var info []map[string]string
	for _, id := range s.nexusVLANs() {
		info = append(info, map[string]string{
			"vlanshowinfo-vlanid": strconv.Itoa(id), "vlanshowinfo-media-type": "enet", "vlanshowinfo-vlanmode": "ce-vlan",
		})
	}
	return map[string]any{
		"TABLE_vlanbrief": table("vlanbrief", nexusVLANRows(s)...),
		"TABLE_mtuinfo":   table("mtuinfo", info...),
	}
}

func nexusVersionFields(s *Sim) any {
	return map[string]string{
		"bios_ver_str": "05.45", "kickstart_ver_str": s.profile.Version, "nxos_ver_str": s.profile.Version,
		"chassis_id": "Nexus9000 " + s.profile.Name + " Chassis", "host_name": s.run.hostname, "proc_board_id": s.serial(), "manufacturer": "Cisco Systems, Inc.",
	}
}
