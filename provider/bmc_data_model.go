package provider

import (
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

type bmcDataModel struct {
	Address       types.String                `tfsdk:"address"`
	Credentials   types.String                `tfsdk:"credentials"`
	CipherSuites  types.List                  `tfsdk:"cipher_suites"`
	SELLimit      types.Int64                 `tfsdk:"sel_limit"`
	Device        *bmcDeviceData              `tfsdk:"device"`
	Power         types.String                `tfsdk:"power"`
	RestorePolicy types.String                `tfsdk:"restore_policy"`
	Identify      types.String                `tfsdk:"identify"`
	Faults        []string                    `tfsdk:"faults"`
	Sensors       []bmcSensorData             `tfsdk:"sensors"`
	FRUs          []bmcFRUData                `tfsdk:"frus"`
	SEL           []bmcEventData              `tfsdk:"sel"`
	LAN           *bmcLANData                 `tfsdk:"lan"`
	Users         map[string]bmcUserDataModel `tfsdk:"users"`
	Missing       map[string]string           `tfsdk:"missing"`
}

type bmcDeviceData struct {
	DeviceID       int64  `tfsdk:"device_id"`
	Revision       int64  `tfsdk:"revision"`
	Firmware       string `tfsdk:"firmware"`
	IPMIVersion    string `tfsdk:"ipmi_version"`
	ManufacturerID int64  `tfsdk:"manufacturer_id"`
	ProductID      int64  `tfsdk:"product_id"`
}

type bmcSensorData struct {
	Name       string            `tfsdk:"name"`
	Number     int64             `tfsdk:"number"`
	Type       string            `tfsdk:"type"`
	Entity     string            `tfsdk:"entity"`
	Kind       string            `tfsdk:"kind"`
	Value      *float64          `tfsdk:"value"`
	Unit       string            `tfsdk:"unit"`
	State      string            `tfsdk:"state"`
	States     []string          `tfsdk:"states"`
	Thresholds bmcThresholdsData `tfsdk:"thresholds"`
	Note       string            `tfsdk:"note"`
}

type bmcThresholdsData struct {
	LowerNonRecoverable *float64 `tfsdk:"lower_non_recoverable"`
	LowerCritical       *float64 `tfsdk:"lower_critical"`
	LowerNonCritical    *float64 `tfsdk:"lower_non_critical"`
	UpperNonCritical    *float64 `tfsdk:"upper_non_critical"`
	UpperCritical       *float64 `tfsdk:"upper_critical"`
	UpperNonRecoverable *float64 `tfsdk:"upper_non_recoverable"`
}

type bmcFRUData struct {
	ID      int64           `tfsdk:"id"`
	Name    string          `tfsdk:"name"`
	Chassis *bmcChassisData `tfsdk:"chassis"`
	Board   *bmcBoardData   `tfsdk:"board"`
	Product *bmcProductData `tfsdk:"product"`
	Problem string          `tfsdk:"problem"`
}

type bmcChassisData struct {
	Type       string `tfsdk:"type"`
	PartNumber string `tfsdk:"part_number"`
	Serial     string `tfsdk:"serial"`
}

type bmcBoardData struct {
	Manufactured string `tfsdk:"manufactured"`
	Manufacturer string `tfsdk:"manufacturer"`
	Product      string `tfsdk:"product"`
	PartNumber   string `tfsdk:"part_number"`
	Serial       string `tfsdk:"serial"`
}

type bmcProductData struct {
	Manufacturer string `tfsdk:"manufacturer"`
	Name         string `tfsdk:"name"`
	PartNumber   string `tfsdk:"part_number"`
	Version      string `tfsdk:"version"`
	Serial       string `tfsdk:"serial"`
	AssetTag     string `tfsdk:"asset_tag"`
}

type bmcEventData struct {
	ID         int64  `tfsdk:"id"`
	Time       string `tfsdk:"time"`
	Sensor     string `tfsdk:"sensor"`
	SensorType string `tfsdk:"sensor_type"`
	Text       string `tfsdk:"text"`
	Asserted   bool   `tfsdk:"asserted"`
}

type bmcLANData struct {
	Channel      int64   `tfsdk:"channel"`
	Source       string  `tfsdk:"source"`
	Address      string  `tfsdk:"address"`
	Netmask      string  `tfsdk:"netmask"`
	Gateway      string  `tfsdk:"gateway"`
	MAC          string  `tfsdk:"mac"`
	VLAN         int64   `tfsdk:"vlan"`
	CipherSuites []int64 `tfsdk:"cipher_suites"`
}

type bmcUserDataModel struct {
	Slot      int64  `tfsdk:"slot"`
	Privilege string `tfsdk:"privilege"`
	Enabled   bool   `tfsdk:"enabled"`
}

func (m *bmcDataModel) takeStatus(s ipmi.Status) {
	m.Power = types.StringValue(string(s.Power))
	m.RestorePolicy = types.StringValue(restoreWord(s.Restore))
	m.Identify = types.StringValue(string(s.Identify))
	m.Faults = emptyNotNil(s.Faults)
}

func describeDevice(i ipmi.Info) *bmcDeviceData {
	return &bmcDeviceData{
		DeviceID: int64(i.DeviceID), Revision: int64(i.Revision), Firmware: i.Firmware, IPMIVersion: i.IPMIVersion,
		ManufacturerID: int64(i.ManufacturerID), ProductID: int64(i.ProductID),
	}
}

func describeSensor(s ipmi.Sensor) bmcSensorData {
	return bmcSensorData{
		Name: s.Name, Number: int64(s.Number), Type: s.Type, Entity: s.Entity, Kind: string(s.Kind),
		Value: s.Value, Unit: s.Unit, State: string(s.State), States: emptyNotNil(s.States), Note: s.Note,
		Thresholds: bmcThresholdsData(s.Thresholds),
	}
}

func describeFRU(f ipmi.FRU) bmcFRUData {
	d := bmcFRUData{ID: int64(f.ID), Name: f.Name, Problem: f.Problem}
	if c := f.Chassis; c != nil {
		d.Chassis = &bmcChassisData{c.Type, c.PartNumber, c.Serial}
	}
	if b := f.Board; b != nil {
		d.Board = &bmcBoardData{timeText(b.Manufactured), b.Manufacturer, b.Product, b.PartNumber, b.Serial}
	}
	if p := f.Product; p != nil {
		d.Product = &bmcProductData{p.Manufacturer, p.Name, p.PartNumber, p.Version, p.Serial, p.AssetTag}
	}
	return d
}

func describeEvent(e ipmi.Event) bmcEventData {
	return bmcEventData{
		ID: int64(e.ID), Time: timeText(e.Time), Sensor: e.SensorName, SensorType: e.SensorType, Text: e.Text, Asserted: e.Asserted,
	}
}

func describeBMCLAN(l ipmi.LAN) *bmcLANData {
	d := &bmcLANData{
		Channel: int64(l.Channel), Source: string(l.Source), Address: addressText(l.Address), Netmask: addressText(l.Mask),
		Gateway: addressText(l.Gateway), MAC: l.MAC.String(), VLAN: int64(l.VLAN), CipherSuites: []int64{},
	}
	for _, suite := range l.CipherSuites {
		d.CipherSuites = append(d.CipherSuites, int64(suite))
	}
	return d
}

func describeUsers(users []ipmi.User, login string) map[string]bmcUserDataModel {
	var s controllerState
	s.takeUsers(users, login)
	out := map[string]bmcUserDataModel{}
	for _, name := range slices.Sorted(maps.Keys(s.accounts)) {
		a := s.accounts[name]
		out[name] = bmcUserDataModel{Slot: int64(a.slot), Privilege: a.privilege.String(), Enabled: a.enabled}
	}
	return out
}

// timeText is a time in RFC 3339, or nothing.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
