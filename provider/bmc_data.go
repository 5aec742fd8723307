package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

var _ datasource.DataSourceWithConfigure = (*bmcDataSource)(nil)

const (
	bmcDataLimit    = 3 * time.Minute
	defaultSELLimit = 50
)

type bmcDataSource struct{ dataSourceBase }

func newBMCDataSource() datasource.DataSource { return &bmcDataSource{} }

func (d *bmcDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_bmc"
}

// described are the attributes of what is only read.
type described map[string]schema.Attribute

func shownText(what string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: what, Computed: true}
}

func shownNumber(what string) schema.Int64Attribute {
	return schema.Int64Attribute{MarkdownDescription: what, Computed: true}
}

func shownFigure(what string) schema.Float64Attribute {
	return schema.Float64Attribute{MarkdownDescription: what, Computed: true}
}

func shownTruth(what string) schema.BoolAttribute {
	return schema.BoolAttribute{MarkdownDescription: what, Computed: true}
}

func shownTexts(what string) schema.ListAttribute {
	return schema.ListAttribute{MarkdownDescription: what, ElementType: types.StringType, Computed: true}
}

func shownObject(what string, parts described) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{MarkdownDescription: what, Computed: true, Attributes: parts}
}

func shownList(what string, parts described) schema.ListNestedAttribute {
	return schema.ListNestedAttribute{MarkdownDescription: what, Computed: true, NestedObject: schema.NestedAttributeObject{Attributes: parts}}
}

func (d *bmcDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "What a machine's management controller tells: power, sensors, inventory, event log, network configuration and accounts.\n\n" +
			"A controller that does not answer is an error. What it does not offer is empty, and `missing` says why.",
		Attributes: map[string]schema.Attribute{
			"address": schema.StringAttribute{
				MarkdownDescription: "IP address or host name of the controller, and a port if it is not 623.",
				Required:            true,
			},
			"credentials": schema.StringAttribute{
				MarkdownDescription: "Name of an entry of the provider's `credentials`: an operator of the controller, or more.",
				Required:            true,
			},
			"cipher_suites": schema.ListAttribute{
				MarkdownDescription: "Cipher suites to try, in order. Default: 17, then 3.",
				ElementType:         types.Int64Type,
				Optional:            true,
				Validators:          []validator.List{listvalidator.ValueInt64sAre(int64validator.OneOf(3, 17))},
			},
			"sel_limit": schema.Int64Attribute{
				MarkdownDescription: fmt.Sprintf("How many entries of the event log to show, the newest. 0 leaves the log unread. Default: %d.", defaultSELLimit),
				Optional:            true,
				Validators:          []validator.Int64{int64validator.Between(0, 65535)},
			},
			"device": shownObject("The controller itself.", described{
				"device_id": shownNumber("Its device number."), "revision": shownNumber("Revision of the device."),
				"firmware": shownText("Version of its firmware."), "ipmi_version": shownText("Version of IPMI."),
				"manufacturer_id": shownNumber("IANA enterprise number of its maker."), "product_id": shownNumber("The maker's number of the product."),
			}),
			"power":          shownText("`on` or `off`."),
			"restore_policy": shownText("What the machine does when mains power returns: `always_on`, `always_off`, `previous` or `unknown`."),
			"identify":       shownText("The identify light: `off`, `on`, `timed` or `unknown`."),
			"faults":         shownTexts("What is wrong with the chassis, in IPMI's words."),
			"sensors": shownList("Sensors, in the controller's order.", described{
				"name": shownText("Name; two may have the same."), "number": shownNumber("Number of the sensor."),
				"type": shownText("What it measures."), "entity": shownText("What it belongs to, such as `processor 1`."),
				"kind":  shownText("`threshold` has a value, `discrete` has states, `event_only` has neither."),
				"value": shownFigure("Reading in `unit`; null when there is none."), "unit": shownText("Unit of value and thresholds."),
				"state":  shownText("`ok`, `non_critical`, `critical`, `non_recoverable`, or `unavailable` without a reading."),
				"states": shownTexts("States that a discrete sensor is in."),
				"thresholds": shownObject("Bounds, in `unit`; null where there is none.", described{
					"lower_non_recoverable": shownFigure("Below it is non-recoverable."), "lower_critical": shownFigure("Below it is critical."),
					"lower_non_critical": shownFigure("Below it is non-critical."), "upper_non_critical": shownFigure("Above it is non-critical."),
					"upper_critical": shownFigure("Above it is critical."), "upper_non_recoverable": shownFigure("Above it is non-recoverable."),
				}),
				"note": shownText("Why there is no reading, where the controller told."),
			}),
			"frus": shownList("Inventories of parts (FRU).", described{
				"id": shownNumber("Number of the inventory; 0 is the controller's own board."), "name": shownText("Name of the part."),
				"chassis": shownObject("The enclosure.", described{
					"type": shownText("Kind of enclosure."), "part_number": shownText("Part number."), "serial": shownText("Serial number."),
				}),
				"board": shownObject("The board.", described{
					"manufactured": shownText("When, in RFC 3339."), "manufacturer": shownText("Its maker."), "product": shownText("Its name."),
					"part_number": shownText("Part number."), "serial": shownText("Serial number."),
				}),
				"product": shownObject("What was sold.", described{
					"manufacturer": shownText("Its maker."), "name": shownText("Its name."), "part_number": shownText("Part or model number."),
					"version": shownText("Version."), "serial": shownText("Serial number."), "asset_tag": shownText("Asset tag."),
				}),
				"problem": shownText("What of it could not be read."),
			}),
			"sel": shownList("The newest entries of the system event log, oldest first.", described{
				"id": shownNumber("Number of the record."), "time": shownText("When, in RFC 3339 by the controller's clock; empty when it did not know."),
				"sensor": shownText("Name of the sensor."), "sensor_type": shownText("What it measures."),
				"text": shownText("What happened."), "asserted": shownTruth("Whether the state began, rather than ended."),
			}),
			"lan": shownObject("Network configuration of the channel that we come in on.", described{
				"channel": shownNumber("Number of the channel."), "source": shownText("`static`, `dhcp`, `bios`, `other` or `unspecified`."),
				"address": shownText("IPv4 address."), "netmask": shownText("Mask."), "gateway": shownText("Default gateway."), "mac": shownText("MAC address."),
				"vlan":          shownNumber("VLAN of its frames; 0 is no tag."),
				"cipher_suites": schema.ListAttribute{MarkdownDescription: "Cipher suites that it offers.", ElementType: types.Int64Type, Computed: true},
			}),
			"users": schema.MapNestedAttribute{
				MarkdownDescription: "Accounts by name.", Computed: true,
				NestedObject: schema.NestedAttributeObject{Attributes: described{
					"slot": shownNumber("Its number."), "privilege": shownText("What it may do on this channel."), "enabled": shownTruth("Whether it can log in."),
				}},
			},
			"missing": schema.MapAttribute{
				MarkdownDescription: "What the controller does not offer, by attribute, and what it answered.", ElementType: types.StringType, Computed: true,
			},
		},
	}
}

func (d *bmcDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m bmcDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, bmcDataLimit)
	defer cancel()
	suites := hostBMCModel{CipherSuites: m.CipherSuites}.suites()
	c, err := d.site.controller(m.Address.ValueString(), m.Credentials.ValueString(), suites)
	if err == nil {
		err = m.read(ctx, c)
	}
	if err != nil {
		resp.Diagnostics.AddError("BMC "+m.Address.ValueString()+" cannot be read", err.Error())
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// read asks for everything. A controller that does not answer is an error; one
// that answers that it has no such thing is not.
func (m *bmcDataModel) read(ctx context.Context, c *controller) error {
	m.Sensors, m.FRUs, m.SEL = []bmcSensorData{}, []bmcFRUData{}, []bmcEventData{}
	m.Users, m.Missing = map[string]bmcUserDataModel{}, map[string]string{}
	info, err := c.bmc.Info(ctx)
	if err != nil {
		return err
	}
	m.Device = describeDevice(info)
	status, err := c.bmc.Status(ctx)
	if err != nil {
		return err
	}
	m.takeStatus(status)
	sensors, err := c.bmc.Sensors(ctx)
	for _, s := range sensors {
		m.Sensors = append(m.Sensors, describeSensor(s))
	}
	frus, frusErr := c.bmc.Inventory(ctx)
	for _, f := range frus {
		m.FRUs = append(m.FRUs, describeFRU(f))
	}
	selErr := m.readSEL(ctx, c, sensors)
	lan, lanErr := c.bmc.LAN(ctx, 0)
	m.LAN = describeBMCLAN(lan)
	users, usersErr := c.bmc.Users(ctx, 0)
	m.Users = describeUsers(users, c.login)
	return errors.Join(
		m.without("sensors", err), m.without("frus", frusErr), m.without("sel", selErr), m.without("lan", lanErr), m.without("users", usersErr))
}

func (m *bmcDataModel) readSEL(ctx context.Context, c *controller, sensors []ipmi.Sensor) error {
	limit := defaultSELLimit
	if !m.SELLimit.IsNull() {
		limit = int(m.SELLimit.ValueInt64())
	}
	if limit == 0 {
		return nil
	}
	events, err := c.bmc.SEL(ctx)
	events = events[max(0, len(events)-limit):]
	ipmi.NameEvents(events, sensors)
	for _, e := range events {
		m.SEL = append(m.SEL, describeEvent(e))
	}
	return err
}

// without notes what a controller refused, and returns every other error.
func (m *bmcDataModel) without(what string, err error) error {
	var refused *ipmi.CommandError
	if !errors.As(err, &refused) {
		return err
	}
	m.Missing[what] = refused.Error()
	return nil
}
