package provider

import "github.com/cthulix/terraform-provider-cthulix/ophub"

// inventoryData is an ophub.Inventory as Terraform shows it.
type inventoryData struct {
	System    systemData    `tfsdk:"system"`
	Firmware  firmwareData  `tfsdk:"firmware"`
	CPU       cpuData       `tfsdk:"cpu"`
	MemoryMiB int64         `tfsdk:"memory_mib"`
	Disks     []diskData    `tfsdk:"disks"`
	NICs      []nicData     `tfsdk:"nics"`
	BMC       inBandBMCData `tfsdk:"bmc"`
	Taken     string        `tfsdk:"taken"`
	Missing   []string      `tfsdk:"missing"`
}

type systemData struct {
	Vendor  string `tfsdk:"vendor"`
	Product string `tfsdk:"product"`
	Serial  string `tfsdk:"serial"`
	UUID    string `tfsdk:"uuid"`
}

type firmwareData struct {
	Kind    string `tfsdk:"kind"`
	Vendor  string `tfsdk:"vendor"`
	Version string `tfsdk:"version"`
	Date    string `tfsdk:"date"`
}

type cpuData struct {
	Model   string `tfsdk:"model"`
	Sockets int64  `tfsdk:"sockets"`
	Cores   int64  `tfsdk:"cores"`
	Threads int64  `tfsdk:"threads"`
}

type diskData struct {
	Name       string `tfsdk:"name"`
	Model      string `tfsdk:"model"`
	Serial     string `tfsdk:"serial"`
	Bytes      int64  `tfsdk:"bytes"`
	Rotational bool   `tfsdk:"rotational"`
	Removable  bool   `tfsdk:"removable"`
}

type nicData struct {
	Name      string         `tfsdk:"name"`
	MAC       string         `tfsdk:"mac"`
	Driver    string         `tfsdk:"driver"`
	Mbps      int64          `tfsdk:"mbps"`
	Link      bool           `tfsdk:"link"`
	Neighbors []neighborData `tfsdk:"neighbors"`
}

type neighborData struct {
	Chassis         string   `tfsdk:"chassis"`
	Port            string   `tfsdk:"port"`
	PortDescription string   `tfsdk:"port_description"`
	System          string   `tfsdk:"system"`
	Description     string   `tfsdk:"description"`
	VLAN            int64    `tfsdk:"vlan"`
	Addresses       []string `tfsdk:"addresses"`
}

type inBandBMCData struct {
	Address string `tfsdk:"address"`
	MAC     string `tfsdk:"mac"`
	Missing string `tfsdk:"missing"`
}

func inventoryAttributes() described {
	return described{
		"system": shownObject("The machine, as its maker calls it.", described{
			"vendor": shownText("Maker."), "product": shownText("Product."), "serial": shownText("Serial number."), "uuid": shownText("UUID."),
		}),
		"firmware": shownObject("The firmware that started it.", described{
			"kind": shownText("`bios` or `uefi`."), "vendor": shownText("Maker."), "version": shownText("Version."), "date": shownText("Date, as the firmware writes it."),
		}),
		"cpu": shownObject("Its processors.", described{
			"model": shownText("Model."), "sockets": shownNumber("How many there are."), "cores": shownNumber("Cores of all of them."), "threads": shownNumber("Threads of all cores."),
		}),
		"memory_mib": shownNumber("Memory, in MiB."),
		"disks": shownList("Block devices.", described{
			"name": shownText("Name, such as `nvme0n1`."), "model": shownText("Model."), "serial": shownText("Serial number."), "bytes": shownNumber("Size, in bytes."),
			"rotational": shownTruth("Whether it turns."), "removable": shownTruth("Whether its medium can be removed."),
		}),
		"nics": shownList("Physical network interfaces.", described{
			"name": shownText("Name, such as `eth0`."), "mac": shownText("MAC address."), "driver": shownText("Driver."),
			"mbps": shownNumber("Speed, in Mbit/s; 0 when not known."), "link": shownTruth("Whether it has a carrier."),
			"neighbors": shownList("Who says by LLDP that they are at the other end of the cable.", described{
				"chassis": shownText("Chassis, often a MAC address."), "port": shownText("Port of the neighbour."), "port_description": shownText("Description of the port."),
				"system": shownText("Name of the neighbour."), "description": shownText("What it is."),
				"vlan": shownNumber("VLAN of the port's untagged frames; 0 when not told."), "addresses": shownTexts("Management addresses."),
			}),
		}),
		"bmc": shownObject("The management controller, as the machine itself sees it.", described{
			"address": shownText("Address; empty when there is none."), "mac": shownText("MAC address."), "missing": shownText("Why there is no address."),
		}),
		"taken":   shownText("When it was read, in RFC 3339."),
		"missing": shownTexts("What could not be read, and why."),
	}
}

func describeInventory(inv *ophub.Inventory) *inventoryData {
	if inv == nil {
		return nil
	}
	d := &inventoryData{
		System: systemData(inv.System), Firmware: firmwareData(inv.Firmware),
		CPU:       cpuData{inv.CPU.Model, int64(inv.CPU.Sockets), int64(inv.CPU.Cores), int64(inv.CPU.Threads)},
		MemoryMiB: int64(inv.MemoryMiB), Disks: []diskData{}, NICs: []nicData{}, BMC: inBandBMCData(inv.BMC),
		Taken: timeText(inv.Taken), Missing: emptyNotNil(inv.Missing),
	}
	for _, disk := range inv.Disks {
		d.Disks = append(d.Disks, diskData(disk))
	}
	for _, nic := range inv.NICs {
		n := nicData{Name: nic.Name, MAC: nic.MAC, Driver: nic.Driver, Mbps: int64(nic.Mbps), Link: nic.Link, Neighbors: []neighborData{}}
		for _, o := range nic.Neighbors {
			n.Neighbors = append(n.Neighbors, neighborData{
				Chassis: o.Chassis, Port: o.Port, PortDescription: o.PortDescription, System: o.System, Description: o.Description,
				VLAN: int64(o.VLAN), Addresses: emptyNotNil(o.Addresses),
			})
		}
		d.NICs = append(d.NICs, n)
	}
	return d
}
