package provider

import (
	"regexp"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// widePort is what of a port is managed only where it is said. An attribute that
// is left out is left alone, and what it was on the switch is no drift.
type widePort struct {
	VoiceVLAN    types.String `tfsdk:"voice_vlan"`
	Channel      types.Object `tfsdk:"channel"`
	Nonegotiate  types.Bool   `tfsdk:"nonegotiate"`
	BPDUGuard    types.Bool   `tfsdk:"bpdu_guard"`
	GuardRoot    types.Bool   `tfsdk:"guard_root"`
	StormControl types.Object `tfsdk:"storm_control"`
	PortSecurity types.Object `tfsdk:"port_security"`
	SnoopTrust   types.Bool   `tfsdk:"dhcp_snooping_trust"`
	LLDP         types.Object `tfsdk:"lldp"`
	CDP          types.Bool   `tfsdk:"cdp"`
	PoE          types.Object `tfsdk:"poe"`
	Speed        types.String `tfsdk:"speed"`
	Duplex       types.String `tfsdk:"duplex"`
	MTU          types.Int64  `tfsdk:"mtu"`
}

var (
	channelTypes  = map[string]attr.Type{"group": types.Int64Type, "mode": types.StringType}
	stormTypes    = map[string]attr.Type{"broadcast": types.StringType, "multicast": types.StringType, "unicast": types.StringType, "action": types.StringType}
	securityTypes = map[string]attr.Type{"enabled": types.BoolType, "maximum": types.Int64Type, "violation": types.StringType, "sticky": types.BoolType}
	lldpTypes     = map[string]attr.Type{"transmit": types.BoolType, "receive": types.BoolType}
	poeTypes      = map[string]attr.Type{"mode": types.StringType, "max_milliwatts": types.Int64Type}

	widePortTypes = map[string]attr.Type{
		"voice_vlan":          types.StringType,
		"channel":             types.ObjectType{AttrTypes: channelTypes},
		"nonegotiate":         types.BoolType,
		"bpdu_guard":          types.BoolType,
		"guard_root":          types.BoolType,
		"storm_control":       types.ObjectType{AttrTypes: stormTypes},
		"port_security":       types.ObjectType{AttrTypes: securityTypes},
		"dhcp_snooping_trust": types.BoolType,
		"lldp":                types.ObjectType{AttrTypes: lldpTypes},
		"cdp":                 types.BoolType,
		"poe":                 types.ObjectType{AttrTypes: poeTypes},
		"speed":               types.StringType,
		"duplex":              types.StringType,
		"mtu":                 types.Int64Type,
	}
)

var voiceRE = regexp.MustCompile(`^(?:[1-9][0-9]{0,3}|none|dot1p|untagged)$`)

func widePortAttributes() map[string]schema.Attribute {
	const alone = " Left out, it is left alone."
	text := func(what string, checks ...validator.String) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: what + alone, Optional: true, Validators: checks}
	}
	truth := func(what string) schema.BoolAttribute {
		return schema.BoolAttribute{MarkdownDescription: what + alone, Optional: true}
	}
	number := func(what string, least, most int64) schema.Int64Attribute {
		return schema.Int64Attribute{MarkdownDescription: what + alone, Optional: true, Validators: []validator.Int64{int64validator.Between(least, most)}}
	}
	nested := func(what string, attributes map[string]schema.Attribute) schema.SingleNestedAttribute {
		return settledObject(schema.SingleNestedAttribute{MarkdownDescription: what + alone, Optional: true, Attributes: attributes})
	}
	return map[string]schema.Attribute{
		"voice_vlan": text("VLAN that phones tag: its number, `dot1p`, `untagged`, or `none`.",
			stringvalidator.RegexMatches(voiceRE, "must be the number of a VLAN, none, dot1p or untagged")),
		"channel": nested("Port-channel that the port is a member of. The port-channel itself is a port named `Port-channelN`, and its members follow it: they need no mode and no VLANs of their own.",
			map[string]schema.Attribute{
				"group": schema.Int64Attribute{
					MarkdownDescription: "Number of the port-channel; 0 takes the port out of any.",
					Required:            true,
					Validators:          []validator.Int64{int64validator.Between(0, 4096)},
				},
				"mode": schema.StringAttribute{
					MarkdownDescription: "`active` or `passive` for LACP, `on` for none, `desirable` or `auto` for PAgP. Default: `active`.",
					Optional:            true,
					Validators:          []validator.String{stringvalidator.OneOf("active", "passive", "on", "desirable", "auto")},
				},
			}),
		"nonegotiate": truth("Whether the port speaks no DTP (`switchport nonegotiate`)."),
		"bpdu_guard":  truth("Whether a BPDU shuts the port down."),
		"guard_root":  truth("Whether the port is kept from becoming the way to the root bridge."),
		"storm_control": nested("Limits of floods. A level is a percentage (`5`), a rising and a falling one (`10 5`), a rate (`bps 10m`, `pps 1k`), or `default` for none.",
			map[string]schema.Attribute{
				"broadcast": text("Level of broadcasts."),
				"multicast": text("Level of multicasts."),
				"unicast":   text("Level of unicasts."),
				"action":    text("`shutdown`, `trap`, `shutdown trap`, or `default` for dropping only."),
			}),
		"port_security": nested("Limit of the stations that may speak on the port.",
			map[string]schema.Attribute{
				"enabled":   truth("Whether the limit is in force."),
				"maximum":   number("Number of stations.", 1, 16384),
				"violation": text("What a station too many does: `protect`, `restrict` or `shutdown`.", stringvalidator.OneOf("protect", "restrict", "shutdown", "shutdown vlan")),
				"sticky":    truth("Whether addresses that are learned are put into the configuration."),
			}),
		"dhcp_snooping_trust": truth("Whether DHCP answers are taken from the port."),
		"lldp": nested("LLDP on the port.",
			map[string]schema.Attribute{
				"transmit": truth("Whether LLDP frames are sent."),
				"receive":  truth("Whether LLDP frames are taken."),
			}),
		"cdp": truth("Whether the port speaks CDP."),
		"poe": nested("Power over Ethernet.",
			map[string]schema.Attribute{
				"mode": schema.StringAttribute{
					MarkdownDescription: "`auto`, `static` or `never`.",
					Required:            true,
					Validators:          []validator.String{stringvalidator.OneOf("auto", "static", "never")},
				},
				"max_milliwatts": schema.Int64Attribute{
					MarkdownDescription: "Limit of the power. Default: none of the port's own.",
					Optional:            true,
					Validators:          []validator.Int64{int64validator.Between(1, 100000)},
				},
			}),
		"speed":  text("`auto`, `nonegotiate`, or a number of Mbit/s."),
		"duplex": text("`auto`, `full` or `half`.", stringvalidator.OneOf("auto", "full", "half")),
		"mtu":    number("Largest frame in bytes, on platforms that have it by port; 0 is the switch's own.", 0, 9216),
	}
}

// nothingWide says nothing.
func nothingWide() widePort {
	return widePort{
		Channel: types.ObjectNull(channelTypes), StormControl: types.ObjectNull(stormTypes), PortSecurity: types.ObjectNull(securityTypes),
		LLDP: types.ObjectNull(lldpTypes), PoE: types.ObjectNull(poeTypes),
	}
}

func (m widePort) values() []attr.Value {
	return []attr.Value{
		m.VoiceVLAN, m.Channel, m.Nonegotiate, m.BPDUGuard, m.GuardRoot, m.StormControl, m.PortSecurity,
		m.SnoopTrust, m.LLDP, m.CDP, m.PoE, m.Speed, m.Duplex, m.MTU,
	}
}

// want puts into p what m asks for.
func (m widePort) want(p *fabric.Port) {
	p.VoiceVLAN = voiceNumber(m.VoiceVLAN)
	if o := fields(m.Channel); o.said {
		p.Channel = &fabric.ChannelMember{Group: int(o.number("group")), Mode: fabric.ChannelMode(o.text("mode"))}
		if p.Channel.Group != 0 && p.Channel.Mode == "" {
			p.Channel.Mode = fabric.ChannelActive
		}
	}
	p.Negotiate = toggleNot(m.Nonegotiate)
	p.BPDUGuard, p.GuardRoot = toggle(m.BPDUGuard), toggle(m.GuardRoot)
	p.DHCPSnoopingTrust, p.CDP = toggle(m.SnoopTrust), toggle(m.CDP)
	storm := fields(m.StormControl)
	p.StormControl = fabric.StormControl{Broadcast: storm.text("broadcast"), Multicast: storm.text("multicast"), Unicast: storm.text("unicast"), Action: storm.text("action")}
	security := fields(m.PortSecurity)
	p.PortSecurity = fabric.PortSecurity{
		Enabled: toggle(security.truth("enabled")), Maximum: int(security.number("maximum")),
		Violation: security.text("violation"), Sticky: toggle(security.truth("sticky")),
	}
	lldp := fields(m.LLDP)
	p.LLDP = fabric.PortLLDP{Transmit: toggle(lldp.truth("transmit")), Receive: toggle(lldp.truth("receive"))}
	poe := fields(m.PoE)
	p.PoE = fabric.PoE{Mode: poe.text("mode"), MaxMilliwatts: int(poe.number("max_milliwatts"))}
	p.Speed, p.Duplex = m.Speed.ValueString(), m.Duplex.ValueString()
	if p.MTU = int(m.MTU.ValueInt64()); p.MTU == 0 && !m.MTU.IsNull() && !m.MTU.IsUnknown() {
		p.MTU = fabric.DefaultNumber
	}
}

// observe notes what was seen of what m speaks of.
func (m *widePort) observe(p fabric.Port) {
	seen := wideOf(p)
	seeText(&m.VoiceVLAN, seen.VoiceVLAN)
	see(&m.Nonegotiate, seen.Nonegotiate)
	see(&m.BPDUGuard, seen.BPDUGuard)
	see(&m.GuardRoot, seen.GuardRoot)
	see(&m.SnoopTrust, seen.SnoopTrust)
	see(&m.CDP, seen.CDP)
	seeText(&m.Speed, seen.Speed)
	seeText(&m.Duplex, seen.Duplex)
	if !m.MTU.IsNull() {
		m.MTU = seen.MTU
	}
	for _, o := range []struct{ have, seen *types.Object }{
		{&m.Channel, &seen.Channel}, {&m.StormControl, &seen.StormControl}, {&m.PortSecurity, &seen.PortSecurity},
		{&m.LLDP, &seen.LLDP}, {&m.PoE, &seen.PoE},
	} {
		*o.have = seeObject(*o.have, *o.seen)
	}
}

// adopt notes all that the switch was told of a port.
func (m *widePort) adopt(p fabric.Port) {
	seen := wideOf(p)
	take(&m.VoiceVLAN, seen.VoiceVLAN, p.VoiceVLAN != 0)
	take(&m.Channel, seen.Channel, p.Group() != 0)
	take(&m.Nonegotiate, seen.Nonegotiate, p.Negotiate != "" && p.Group() == 0)
	take(&m.BPDUGuard, seen.BPDUGuard, p.BPDUGuard != "")
	take(&m.GuardRoot, seen.GuardRoot, p.GuardRoot != "")
	take(&m.StormControl, seen.StormControl, p.StormControl != fabric.StormControl{})
	take(&m.PortSecurity, seen.PortSecurity, p.PortSecurity != fabric.PortSecurity{})
	take(&m.SnoopTrust, seen.SnoopTrust, p.DHCPSnoopingTrust != "")
	take(&m.LLDP, seen.LLDP, p.LLDP != fabric.PortLLDP{})
	take(&m.CDP, seen.CDP, p.CDP != "")
	take(&m.PoE, seen.PoE, p.PoE != fabric.PoE{})
	take(&m.Speed, seen.Speed, p.Speed != "")
	take(&m.Duplex, seen.Duplex, p.Duplex != "")
	take(&m.MTU, seen.MTU, p.MTU != 0)
}

func take[V attr.Value](to *V, seen V, told bool) {
	if told {
		*to = seen
	}
}

// wideOf describes a port as it was seen, with nothing left out.
func wideOf(p fabric.Port) widePort {
	channel := fabric.ChannelMember{}
	if p.Channel != nil {
		channel = *p.Channel
	}
	watts := types.Int64Null()
	if p.PoE.MaxMilliwatts > 0 {
		watts = types.Int64Value(int64(p.PoE.MaxMilliwatts))
	}
	return widePort{
		VoiceVLAN: types.StringValue(voiceText(p.VoiceVLAN)),
		Channel: types.ObjectValueMust(channelTypes, map[string]attr.Value{
			"group": types.Int64Value(int64(channel.Group)), "mode": orNull(string(channel.Mode)),
		}),
		Nonegotiate: types.BoolValue(p.Negotiate == fabric.Disable),
		BPDUGuard:   truthOf(p.BPDUGuard, fabric.Disable),
		GuardRoot:   truthOf(p.GuardRoot, fabric.Disable),
		StormControl: types.ObjectValueMust(stormTypes, map[string]attr.Value{
			"broadcast": orWord(p.StormControl.Broadcast, string(fabric.Default)), "multicast": orWord(p.StormControl.Multicast, string(fabric.Default)),
			"unicast": orWord(p.StormControl.Unicast, string(fabric.Default)), "action": orWord(p.StormControl.Action, string(fabric.Default)),
		}),
		PortSecurity: types.ObjectValueMust(securityTypes, map[string]attr.Value{
			"enabled": truthOf(p.PortSecurity.Enabled, fabric.Disable), "maximum": types.Int64Value(int64(max(p.PortSecurity.Maximum, 1))),
			"violation": orWord(p.PortSecurity.Violation, "shutdown"), "sticky": truthOf(p.PortSecurity.Sticky, fabric.Disable),
		}),
		SnoopTrust: truthOf(p.DHCPSnoopingTrust, fabric.Disable),
		LLDP: types.ObjectValueMust(lldpTypes, map[string]attr.Value{
			"transmit": truthOf(p.LLDP.Transmit, fabric.Enable), "receive": truthOf(p.LLDP.Receive, fabric.Enable),
		}),
		CDP:    truthOf(p.CDP, fabric.Enable),
		PoE:    types.ObjectValueMust(poeTypes, map[string]attr.Value{"mode": orWord(p.PoE.Mode, "auto"), "max_milliwatts": watts}),
		Speed:  orWord(p.Speed, "auto"),
		Duplex: orWord(p.Duplex, "auto"),
		MTU:    types.Int64Value(int64(max(p.MTU, 0))),
	}
}

// The words of a voice VLAN.
var voiceWords = map[string]int{"none": fabric.VoiceOff, "dot1p": fabric.VoiceDot1p, "untagged": fabric.VoiceUntagged}

func voiceNumber(v types.String) int {
	if n, ok := voiceWords[v.ValueString()]; ok {
		return n
	}
	// What is no number was refused by its validator.
	n, _ := strconv.Atoi(v.ValueString())
	return n
}

func voiceText(n int) string {
	for word, number := range voiceWords {
		if n == number {
			return word
		}
	}
	if n <= 0 {
		return "none"
	}
	return strconv.Itoa(n)
}

// portPath turns fabric's path to a setting of a port into that of the schema.
func portPath(names []string) []string {
	switch names[0] {
	case "negotiate":
		return []string{"nonegotiate"}
	case "lldp_transmit":
		return []string{"lldp", "transmit"}
	case "lldp_receive":
		return []string{"lldp", "receive"}
	case "port_security_sticky":
		return []string{"port_security", "sticky"}
	}
	return names
}
