package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func selCommand(open func() (*ophub.Hub, error)) *cobra.Command {
	login := &bmcLogin{open: open}
	var how format
	var follow, empty bool
	cmd := &cobra.Command{
		Use: "sel NAME", Short: "Show, follow or clear a host's event log", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, names []string) error {
			bmc, err := login.bmc(c.Context(), names[0])
			if err != nil {
				return err
			}
			switch {
			case empty:
				return bmc.ClearSEL(c.Context())
			case follow:
				return followSEL(c.Context(), c.OutOrStdout(), c.ErrOrStderr(), how, bmc)
			}
			return showSEL(c.Context(), c.OutOrStdout(), how, bmc)
		},
	}
	how.flag(cmd.Flags(), "a list of events, or with --follow an object a line")
	cmd.Flags().BoolVar(&follow, "follow", false, "wait for further events, until interrupted")
	cmd.Flags().BoolVar(&empty, "clear", false, "erase the log")
	cmd.MarkFlagsMutuallyExclusive("follow", "clear")
	return login.flags(cmd)
}

// eventJSON is in the words of the data source cthulix_bmc, but for what only a
// list of all events has.
type eventJSON struct {
	ID         uint16         `json:"id"`
	Kind       ipmi.EventKind `json:"kind"`
	Time       time.Time      `json:"time,omitzero"`
	SinceStart float64        `json:"seconds_since_start,omitempty"`
	Sensor     string         `json:"sensor,omitempty"`
	SensorType string         `json:"sensor_type,omitempty"`
	Text       string         `json:"text"`
	Asserted   bool           `json:"asserted"`
	Data       string         `json:"data"` // hex
}

func eventOf(e ipmi.Event) eventJSON {
	return eventJSON{
		ID: e.ID, Kind: e.Kind, Time: e.Time, SinceStart: e.SinceStart.Seconds(), Sensor: e.SensorName, SensorType: e.SensorType,
		Text: e.Text, Asserted: e.Asserted, Data: fmt.Sprintf("%x", e.Data),
	}
}

func showSEL(ctx context.Context, out io.Writer, how format, bmc *ipmi.BMC) error {
	events, err := bmc.SEL(ctx)
	if err != nil {
		return err
	}
	ipmi.NameEvents(events, sensorNames(ctx, bmc))
	if how == asJSON {
		list := make([]eventJSON, len(events))
		for i, e := range events {
			list[i] = eventOf(e)
		}
		return printJSON(out, list)
	}
	for _, e := range events {
		fmt.Fprintln(out, e)
	}
	return nil
}

// sensorNames are the sensors that give events their names. Without them events
// have numbers instead, which is no reason to show none.
func sensorNames(ctx context.Context, bmc *ipmi.BMC) []ipmi.Sensor {
	sensors, _ := bmc.Sensors(ctx)
	return sensors
}

// followEvery is how often a log that is followed is looked at.
const followEvery = 5 * time.Second

// followSEL shows the log and what is added to it until somebody ends that,
// which is no failure. A controller that does not answer for a while is told.
func followSEL(ctx context.Context, out, notes io.Writer, how format, bmc *ipmi.BMC) error {
	var sensors []ipmi.Sensor
	for e, err := range bmc.WatchSEL(ctx, followEvery) {
		var auth *ipmi.AuthError
		switch {
		case errors.As(err, &auth):
			return err
		case err != nil:
			fmt.Fprintln(notes, "cthulix:", err)
			continue
		case sensors == nil:
			sensors = sensorNames(ctx, bmc)
		}
		one := []ipmi.Event{e}
		ipmi.NameEvents(one, sensors)
		if how == asJSON {
			if err := json.NewEncoder(out).Encode(eventOf(one[0])); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintln(out, one[0])
	}
	return nil
}
