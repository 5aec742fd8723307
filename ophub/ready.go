package ophub

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// What Verdict.Stage says. A kernel that is not joined is named in it.
const (
	ReadyText         = "ready"
	NoRecordsText     = "no records"
	NoHostText        = "no host record"
	NoPowerText       = "no power"
	NoLinkText        = "no link" // said by who can look at the host's port
	QuarantinedText   = "quarantined"
	NoDHCPText        = "no DHCP request seen"
	NoBootFileText    = "DHCP but no boot file"
	NoLinuxText       = "boot file but no linux"
	NoInitrdText      = "linux but no initrd"
	NoAgentText       = "image but no agent"
	NotRegisteredText = "agent but not registered"
	AgentLostText     = "agent registered but lost"
	OtherImageText    = "agent with another image"
	notJoinedFormat   = "agent registered but kernel %s not joined"
)

// Verdict says whether a host is ready, or where it stopped.
type Verdict struct {
	Ready bool
	// Stage is where it stands: one of the texts above.
	Stage string
	// Evidence is what was last seen, and how long ago.
	Evidence string
	// Hint is what to look at next.
	Hint string
	// Reached is the furthest stage that the boot record shows; empty for none.
	Reached Stage
}

// Diagnose judges a view of a host that is to run the image want (any, when
// empty) and serve the kernels of its record. Events before since are ignored
// when it is set. It is a pure function of what it is given.
func Diagnose(v View, want keg.KID, powered bool, since time.Time) Verdict {
	d := diagnosis{View: v, want: want}
	for _, e := range v.Boot.Events {
		// The boot before may still register again while it goes down.
		if e.Time.Before(since) || (e.BootID != "" && e.BootID == v.Boot.OldBootID) {
			continue
		}
		d.events = append(d.events, e)
		if d.reached.Before(e.Stage) {
			d.reached = e.Stage
		}
	}
	d.begin = v.Boot.Started
	if since.After(d.begin) {
		d.begin = since
	}
	verdict := d.judge(powered)
	verdict.Reached = d.reached
	if v.Err != nil {
		if verdict.Ready {
			verdict.Ready, verdict.Stage = false, NoRecordsText
		}
		verdict.Evidence += fmt.Sprintf("; the records cannot be read now: %v", v.Err)
	}
	return verdict
}

type diagnosis struct {
	View
	want    keg.KID
	events  []Event
	reached Stage
	begin   time.Time // of what is looked at; zero when not known
}

func (d diagnosis) judge(powered bool) Verdict {
	switch {
	case d.Host == nil && d.Err != nil:
		return Verdict{Stage: NoRecordsText, Evidence: "nothing read", Hint: "check that the ophub's Consul runs and can be reached from here"}
	case d.Host == nil:
		return Verdict{Stage: NoHostText, Evidence: d.lastSeen(), Hint: "the opserver serves only hosts with a record: create the host first"}
	case !powered:
		return Verdict{Stage: NoPowerText, Evidence: d.lastSeen(), Hint: "power the host on" + when(d.Host.BMC != "", ", and check its BMC at "+d.Host.BMC)}
	case d.Agent != nil && d.Agent.BootID != d.Boot.OldBootID:
		return d.judgeAgent()
	case d.Boot.Quarantine != nil:
		q := d.Boot.Quarantine
		return Verdict{Stage: QuarantinedText, Evidence: fmt.Sprintf("%s; in quarantine since %s (%s); %s", q.Reason, q.Since.UTC().Format("15:04:05 MST"), d.ago(q.Since), d.lastSeen()),
			Hint: "find out from its console why it does not come up; then `cthulix host release " + d.Host.Name + "`, or an apply that restarts it, lets it boot again"}
	}
	v := Verdict{Evidence: d.lastSeen() + d.loop() + d.staleAgent()}
	v.Stage, v.Hint = d.judgeBoot()
	return v
}

// judgeBoot is for a host that has no agent yet.
func (d diagnosis) judgeBoot() (stage, hint string) {
	image := d.want
	if image == "" {
		image = d.Host.Image
	}
	switch d.reached {
	case StageRegistered, StageKernels:
		return AgentLostText, "the host crashed or lost its network: look at its console"
	case StageAgent:
		return NotRegisteredText, "agentd runs but does not register: check that the host can reach the ophub's Consul, and look at its console"
	case StageInitrd:
		return NoAgentText, "linux started but agentd was not heard of: look at the console; often the image lacks the module of the network card"
	case StageLinux:
		return NoInitrdText, "check the way to the opserver's HTTP port, and that the parts of image " + image.Short() + " are in the keg"
	case StageBootFile, StageBootScript:
		return NoLinuxText, "check that the host can reach the opserver's HTTP port, and that image " + image.Short() + " is in the keg"
	case StageDHCP:
		return NoBootFileText, "check that TFTP (UDP port 69) passes between host and opserver" +
			when(d.Host.Firmware != "", ", and that the firmware is "+d.Host.Firmware)
	}
	place := "the host's switch port is up and in the boot network's VLAN"
	if d.Host.Port != "" {
		place = fmt.Sprintf("port %s of switch %s is up", d.Host.Port, d.Host.Switch) +
			when(d.Host.VLAN != 0, fmt.Sprintf(" and in VLAN %d", d.Host.VLAN))
	}
	return NoDHCPText, fmt.Sprintf("check that %s, that %s is the address of what is plugged in there, and that the host boots from the network",
		place, strings.Join(d.Host.MACs, " or "))
}

// judgeAgent is for a host whose agent lives.
func (d diagnosis) judgeAgent() Verdict {
	a := d.Agent
	seen := fmt.Sprintf("agent of boot %s at %s, updated %s", shortBoot(a.BootID), strings.Join(a.Addresses, ", "), d.ago(a.Updated))
	if d.want != "" && a.Image != d.want {
		hint := "restart the host, and check that it boots from the network"
		if d.Host.Image != d.want {
			hint = "the host's record asks for " + orNone(d.Host.Image.Short()) + ": put the wanted image into it, and restart the host"
		}
		return Verdict{Stage: OtherImageText, Evidence: fmt.Sprintf("%s, runs %s, want %s%s", seen, orNone(a.Image.Short()), d.want.Short(), d.loop()), Hint: hint}
	}
	for _, name := range d.Host.Kernels {
		k, known := a.Kernels[name]
		if k.Status == KernelReady {
			continue
		}
		evidence := fmt.Sprintf("%s, kernel %s is %s", seen, name, k.Status)
		if !known || k.Status == "" {
			evidence = fmt.Sprintf("%s, nothing said of kernel %s", seen, name)
		}
		if k.Error != "" {
			evidence += ": " + k.Error
		}
		return Verdict{Stage: fmt.Sprintf(notJoinedFormat, name), Evidence: evidence,
			Hint: "check that the host can reach the Nomad servers of the kernel, and that its agent release is in the keg"}
	}
	return Verdict{Ready: true, Stage: ReadyText, Evidence: seen}
}

// lastSeen tells the last event and its age, or since when there was none.
func (d diagnosis) lastSeen() string {
	if len(d.events) == 0 {
		if d.begin.IsZero() {
			return "nothing seen so far"
		}
		reason := when(d.Boot.Reason != "", " ("+d.Boot.Reason+")")
		return fmt.Sprintf("nothing seen since %s%s, %s", d.begin.UTC().Format("15:04:05 MST"), reason, d.ago(d.begin))
	}
	return "last seen: " + d.tell(d.events[len(d.events)-1])
}

func (d diagnosis) tell(e Event) string {
	var b strings.Builder
	b.WriteString(string(e.Stage))
	if e.Stage == StageDHCP {
		b.Reset()
		b.WriteString("DHCP")
	}
	if who := strings.Join(slices.DeleteFunc([]string{e.MAC, e.Address}, func(s string) bool { return s == "" }), ", "); who != "" {
		fmt.Fprintf(&b, " (%s)", who)
	}
	if e.Detail != "" {
		b.WriteString(" " + e.Detail)
	}
	if e.Count > 1 {
		fmt.Fprintf(&b, ", %d times", e.Count)
	}
	return b.String() + ", " + d.ago(e.Time)
}

// loop tells of a host that began again after it had got as far as linux.
func (d diagnosis) loop() string {
	restarts, far := 0, false
	for _, e := range d.events {
		switch {
		case !e.Stage.Before(StageLinux):
			far = true
		case far && e.Stage == StageDHCP:
			restarts, far = restarts+1, false
		}
	}
	switch restarts {
	case 0:
		return ""
	case 1:
		return "; it began again once after it had loaded linux"
	}
	return fmt.Sprintf("; it began again %d times after it had loaded linux", restarts)
}

func (d diagnosis) staleAgent() string {
	if d.Agent == nil {
		return ""
	}
	return "; the agent of the boot before is still registered"
}

// ago is the age of t at the time of the view.
func (d diagnosis) ago(t time.Time) string {
	if d.At.IsZero() {
		return "at " + t.UTC().Format("15:04:05 MST")
	}
	// Clocks differ; an event is never from the future.
	return max(d.At.Sub(t), 0).Round(time.Second).String() + " ago"
}

func when(yes bool, s string) string {
	if yes {
		return s
	}
	return ""
}

func shortBoot(id string) string {
	if len(id) > 8 {
		return id[:8]
	}
	return id
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
