package bmc_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
)

// facts are what a program says of a controller, by field.
type facts map[string]string

// agree compares, field by field, what ipmitool and the ipmi package say.
func agree(t *testing.T, theirs, ours facts) {
	t.Helper()
	if len(theirs) == 0 {
		t.Error("ipmitool said nothing that was understood")
	}
	all := maps.Clone(theirs)
	maps.Copy(all, ours)
	for _, field := range slices.Sorted(maps.Keys(all)) {
		if theirs[field] != ours[field] {
			t.Errorf("%s: ipmitool says %q, we say %q", field, theirs[field], ours[field])
		}
	}
}

// TestIpmitoolAgrees reads the same controller with ipmitool and with the ipmi package.
func TestIpmitoolAgrees(t *testing.T) {
	_, _, address := start(t, bmc.Config{})
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	node := ipmi.NewPool().Get(ipmi.Target{Address: address.String(), Username: "admin", Password: password, PollInterval: time.Millisecond})
	check := func(name string, ours func(context.Context, *ipmi.BMC) (facts, error), theirs func(*testing.T, net.Addr) facts) {
		t.Run(name, func(t *testing.T) {
			got, err := ours(ctx, node)
			if err != nil {
				t.Fatal(err)
			}
			agree(t, theirs(t, address), got)
		})
	}
	check("sensors while off", ourSensors, theirSensors)
	for what, err := range map[string]error{
		"power on": node.PowerOn(ctx), "reset": node.Reset(ctx), "power cycle": node.PowerCycle(ctx),
		"name a user": node.SetUserName(ctx, 3, "bob"), "give a password": node.SetUserPassword(ctx, 3, "sixteen bytes 16", 16),
		"give access": node.SetUserAccess(ctx, 0, 3, ipmi.Access{Privilege: ipmi.PrivilegeOperator, Messaging: true, CallbackOnly: true}),
	} {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	vlan := 42
	if err := node.SetLAN(ctx, 0, ipmi.LANChange{VLAN: &vlan}); err != nil {
		t.Fatal(err)
	}
	check("sensors while on", ourSensors, theirSensors)
	check("inventory", ourInventory, theirInventory)
	check("event log", ourEvents, theirEvents)
	check("LAN", ourLAN, theirLAN)
	check("users", ourUsers, theirUsers)
}

func read(t *testing.T, address net.Addr, args string) []string {
	t.Helper()
	out, err := ipmitool(t, address, "17", strings.Fields(args)...)
	if err != nil {
		t.Fatalf("ipmitool %s: %v", args, err)
	}
	return strings.Split(out, "\n")
}

// pair takes "name : value" apart.
func pair(line string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(line, ":")
	return strings.TrimSpace(name), strings.TrimSpace(value), ok
}

func number(value *float64) string {
	if value == nil {
		return "na"
	}
	return fmt.Sprintf("%.3f", *value)
}

// ipmitool shows the first of several sensors that share a record.
func theirSensors(t *testing.T, address net.Addr) facts {
	all := facts{}
	for _, line := range read(t, address, "sensor") {
		cells := strings.Split(line, "|")
		if len(cells) != 10 {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if cells[2] == "discrete" {
			all[cells[0]] = cells[3][:6] // the states: ipmitool prints the two bytes as they come
			continue
		}
		all[cells[0]] = strings.Join(cells[1:], " ")
	}
	return all
}

func ourSensors(ctx context.Context, node *ipmi.BMC) (facts, error) {
	sensors, err := node.Sensors(ctx)
	all := facts{}
	words := map[ipmi.SensorState]string{
		ipmi.SensorOK: "ok", ipmi.SensorNonCritical: "nc", ipmi.SensorCritical: "cr",
		ipmi.SensorNonRecoverable: "nr", ipmi.SensorUnavailable: "na",
	}
	for _, s := range sensors {
		switch th := s.Thresholds; {
		case s.Kind == ipmi.SensorEventOnly:
		case s.Kind == ipmi.SensorThreshold:
			all[s.Name] = strings.Join([]string{
				number(s.Value), s.Unit, words[s.State],
				number(th.LowerNonRecoverable), number(th.LowerCritical), number(th.LowerNonCritical),
				number(th.UpperNonCritical), number(th.UpperCritical), number(th.UpperNonRecoverable),
			}, " ")
		default:
			name := s.Name
			if strings.HasPrefix(name, "Drive") {
				if name != "Drive1" {
					continue
				}
				name = "Drive"
			}
			all[name] = fmt.Sprintf("0x%02x%02x", s.Bits&0xff, s.Bits>>8|0x80)
		}
	}
	return all, err
}

func theirInventory(t *testing.T, address net.Addr) facts {
	all, id := facts{}, ""
	for _, line := range read(t, address, "fru print") {
		name, value, ok := pair(line)
		switch {
		case !ok:
		case name == "FRU Device Description":
			id = value[strings.LastIndex(value, "("):]
		case name == "Board Mfg Date":
			at, err := time.Parse("Mon Jan _2 15:04:05 2006 MST", value)
			if err != nil {
				t.Error(err)
			}
			all[id+" "+name] = at.UTC().String()
		default:
			all[id+" "+name] = value
		}
	}
	return all
}

func ourInventory(ctx context.Context, node *ipmi.BMC) (facts, error) {
	inventory, err := node.Inventory(ctx)
	all := facts{}
	for _, fru := range inventory {
		put := func(name, value string) {
			if value != "" {
				all[fmt.Sprintf("(ID %d) %s", fru.ID, name)] = value
			}
		}
		put("problem", fru.Problem)
		if c := fru.Chassis; c != nil {
			put("Chassis Type", c.Type)
			put("Chassis Part Number", c.PartNumber)
			put("Chassis Serial", c.Serial)
		}
		if b := fru.Board; b != nil {
			put("Board Mfg Date", b.Manufactured.String())
			put("Board Mfg", b.Manufacturer)
			put("Board Product", b.Product)
			put("Board Serial", b.Serial)
			put("Board Part Number", b.PartNumber)
		}
		if p := fru.Product; p != nil {
			put("Product Manufacturer", p.Manufacturer)
			put("Product Name", p.Name)
			put("Product Part Number", p.PartNumber)
			put("Product Version", p.Version)
			put("Product Serial", p.Serial)
			put("Product Asset Tag", p.AssetTag)
		}
	}
	return all, err
}

func theirEvents(t *testing.T, address net.Addr) facts {
	all, id := facts{}, ""
	wanted := []string{"Sensor Type", "Sensor Number", "Event Direction", "Event Data", "Generator ID"}
	for _, line := range read(t, address, "-v sel list") {
		name, value, _ := pair(line)
		if name == "SEL Record ID" {
			id = value
		}
		if slices.Contains(wanted, name) {
			all[id+" "+name] = value
		}
	}
	for _, line := range read(t, address, "-c sel list") {
		if cells := strings.Split(line, ","); len(cells) == 6 {
			var n int
			if _, err := fmt.Sscanf(cells[0], "%x", &n); err != nil {
				t.Error(err)
			}
			all[fmt.Sprintf("%04x Time", n)] = cells[1] + " " + cells[2]
		}
	}
	return all
}

func ourEvents(ctx context.Context, node *ipmi.BMC) (facts, error) {
	events, err := node.SEL(ctx)
	all := facts{}
	for _, e := range events {
		direction := "Assertion Event"
		if !e.Asserted {
			direction = "Deassertion Event"
		}
		for name, value := range map[string]string{
			"Sensor Type": e.SensorType, "Sensor Number": fmt.Sprintf("%02x", e.Sensor), "Event Direction": direction,
			"Event Data": fmt.Sprintf("%x", e.Data), "Generator ID": fmt.Sprintf("%04x", e.Generator),
			"Time": e.Time.Format("01/02/06 15:04:05 MST"),
		} {
			all[fmt.Sprintf("%04x %s", e.ID, name)] = value
		}
	}
	return all, err
}

// lanFields are ipmitool's names for what we read, too.
var lanFields = []string{
	"IP Address Source", "IP Address", "Subnet Mask", "MAC Address", "SNMP Community String", "BMC ARP Control",
	"Default Gateway IP", "Default Gateway MAC", "Backup Gateway IP", "Backup Gateway MAC", "802.1q VLAN ID",
	"802.1q VLAN Priority", "RMCP+ Cipher Suites", "Cipher Suite Priv Max",
}

func theirLAN(t *testing.T, address net.Addr) facts {
	all := facts{}
	for _, line := range read(t, address, "lan print 1") {
		if name, value, _ := pair(line); slices.Contains(lanFields, name) {
			all[name] = value
		}
	}
	return all
}

func ourLAN(ctx context.Context, node *ipmi.BMC) (facts, error) {
	lan, err := node.LAN(ctx, 1)
	able := map[bool]string{true: "Enabled", false: "Disabled"}
	letters := map[ipmi.Privilege]string{
		ipmi.PrivilegeCallback: "c", ipmi.PrivilegeUser: "u", ipmi.PrivilegeOperator: "o",
		ipmi.PrivilegeAdministrator: "a", ipmi.PrivilegeOEM: "O",
	}
	most := ""
	for _, p := range lan.Privileges {
		most += letters[p]
	}
	suites := make([]string, len(lan.CipherSuites))
	for i, suite := range lan.CipherSuites {
		suites[i] = fmt.Sprint(suite)
	}
	return facts{
		"IP Address Source": map[ipmi.AddressSource]string{ipmi.SourceStatic: "Static Address"}[lan.Source],
		"IP Address":        lan.Address.String(), "Subnet Mask": lan.Mask.String(), "MAC Address": lan.MAC.String(),
		"SNMP Community String": lan.Community,
		"BMC ARP Control":       fmt.Sprintf("ARP Responses %s, Gratuitous ARP %s", able[lan.ARPReplies], able[lan.GratuitousARP]),
		"Default Gateway IP":    lan.Gateway.String(), "Default Gateway MAC": lan.GatewayMAC.String(),
		"Backup Gateway IP": lan.BackupGateway.String(), "Backup Gateway MAC": lan.BackupGatewayMAC.String(),
		"802.1q VLAN ID": fmt.Sprint(lan.VLAN), "802.1q VLAN Priority": fmt.Sprint(lan.VLANPriority),
		"RMCP+ Cipher Suites":   strings.Join(suites, ","),
		"Cipher Suite Priv Max": most + strings.Repeat("X", 15-len(most)),
	}, err
}

func theirUsers(t *testing.T, address net.Addr) facts {
	all := facts{}
	for _, line := range read(t, address, "-c user list 1") {
		if id, rest, ok := strings.Cut(line, ","); ok {
			all[id] = rest
		}
	}
	return all
}

func ourUsers(ctx context.Context, node *ipmi.BMC) (facts, error) {
	users, err := node.Users(ctx, 1)
	all := facts{}
	for _, u := range users {
		privilege := strings.ToUpper(strings.ReplaceAll(u.Access.Privilege.String(), "_", " "))
		all[fmt.Sprint(u.ID)] = fmt.Sprintf("%s,%v,%v,%v,%s", u.Name, !u.Access.CallbackOnly, u.Access.LinkAuth, u.Access.Messaging, privilege)
	}
	return all, err
}
