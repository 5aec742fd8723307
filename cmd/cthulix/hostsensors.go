package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func sensorsCommand(open func() (*ophub.Hub, error)) *cobra.Command {
	login := &bmcLogin{open: open}
	var how format
	cmd := &cobra.Command{
		Use: "sensors NAME", Short: "Show a host's sensors, their states and their bounds", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, names []string) error {
			bmc, err := login.bmc(c.Context(), names[0])
			if err != nil {
				return err
			}
			sensors, err := bmc.Sensors(c.Context())
			if err != nil {
				return err
			}
			return showSensors(c.OutOrStdout(), how, sensors)
		},
	}
	how.flag(cmd.Flags(), "a list of sensors")
	return login.flags(cmd)
}

// sensorJSON and thresholdsJSON are in the words of the data source cthulix_bmc.
type sensorJSON struct {
	Name       string           `json:"name"`
	Number     uint8            `json:"number"`
	Type       string           `json:"type"`
	Entity     string           `json:"entity"`
	Kind       ipmi.SensorKind  `json:"kind"`
	Value      *float64         `json:"value,omitempty"`
	Unit       string           `json:"unit,omitempty"`
	State      ipmi.SensorState `json:"state"`
	States     []string         `json:"states,omitempty"`
	Thresholds thresholdsJSON   `json:"thresholds,omitzero"`
	Note       string           `json:"note,omitempty"`
}

type thresholdsJSON struct {
	LowerNonRecoverable *float64 `json:"lower_non_recoverable,omitempty"`
	LowerCritical       *float64 `json:"lower_critical,omitempty"`
	LowerNonCritical    *float64 `json:"lower_non_critical,omitempty"`
	UpperNonCritical    *float64 `json:"upper_non_critical,omitempty"`
	UpperCritical       *float64 `json:"upper_critical,omitempty"`
	UpperNonRecoverable *float64 `json:"upper_non_recoverable,omitempty"`
}

func showSensors(out io.Writer, how format, sensors []ipmi.Sensor) error {
	if how == asJSON {
		list := make([]sensorJSON, len(sensors))
		for i, s := range sensors {
			list[i] = sensorJSON{s.Name, s.Number, s.Type, s.Entity, s.Kind, s.Value, s.Unit, s.State, s.States, thresholdsJSON(s.Thresholds), s.Note}
		}
		return printJSON(out, list)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SENSOR\tREADING\tSTATE\tLOWER\tUPPER")
	for _, s := range sensors {
		reading := strings.Join(s.States, ", ")
		if s.Value != nil {
			reading = strings.TrimSpace(figure(s.Value) + " " + s.Unit)
		}
		t := s.Thresholds
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Name, reading, s.State,
			bounds(t.LowerNonRecoverable, t.LowerCritical, t.LowerNonCritical), bounds(t.UpperNonCritical, t.UpperCritical, t.UpperNonRecoverable))
	}
	return w.Flush()
}

func figure(v *float64) string {
	if v == nil {
		return "-"
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}

// bounds are three thresholds, or nothing if there is none.
func bounds(a, b, c *float64) string {
	if a == nil && b == nil && c == nil {
		return ""
	}
	return figure(a) + "/" + figure(b) + "/" + figure(c)
}
