package lab

import (
	"time"
)

// Info is what a running lab says of itself. It holds no secret.
type Info struct {
	PID       int       `json:"pid"`
	Dir       string    `json:"dir"`
	Started   time.Time `json:"started"`
	Switch    Switch    `json:"switch"`
	Opserver  string    `json:"opserver"` // the operator API, with a web page
	Consul    string    `json:"consul"`
	Nomad     string    `json:"nomad"`
	HostSide  string    `json:"host_side"` // the opserver as the hosts see it
	Machines  []Status  `json:"machines"`
	Processes []Process `json:"processes"`
}

// Switch is the simulated switch as a client dials it.
type Switch struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	HostKey string `json:"host_key"` // "SHA256:…"
}

// Status is one machine as the lab sees it.
type Status struct {
	Machine
	BMC     string `json:"bmc"`
	Powered bool   `json:"powered"`
	Link    bool   `json:"link"`
	PID     int    `json:"pid,omitempty"`
	Console string `json:"console,omitempty"` // the file with all that a QEMU machine's serial port said
	// Starts counts how often its power came on or it was reset since the lab started.
	Starts int `json:"starts"`
}

// Process is a supervised child of the lab.
type Process struct {
	Name string `json:"name"`
	PID  int    `json:"pid"`
	Log  string `json:"log"`
}
