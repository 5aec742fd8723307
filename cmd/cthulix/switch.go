package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	"github.com/cthulix/terraform-provider-cthulix/fabric/nxos"
)

func switchCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "switch", Short: "Read saved switch configurations and rehearse changes; nothing is dialled"}
	cmd.AddCommand(switchShow(), switchDiff())
	return cmd
}

// savedFlags name the files of one side of a comparison.
type savedFlags struct {
	running, vlans, vtp, version, platform string
	fragment                               bool
}

func (f *savedFlags) observation() (fabric.Observation, error) {
	s := ios.Saved{Platform: f.platform, Fragment: f.fragment}
	for _, file := range []struct {
		path string
		text *string
	}{{f.running, &s.Running}, {f.vlans, &s.VLANBrief}, {f.vtp, &s.VTPStatus}, {f.version, &s.Version}} {
		if file.path == "" {
			continue
		}
		b, err := os.ReadFile(file.path)
		if err != nil {
			return fabric.Observation{}, err
		}
		*file.text = string(b)
	}
	platform := f.platform
	if platform == "" && nxos.Looks(s.Running) {
		platform = nxos.Platform
	}
	switch platform {
	case "", "ios", "iosxe":
	case nxos.Platform:
		obs, err := nxos.Saved{Running: s.Running, Version: s.Version, Fragment: f.fragment}.Observation()
		return obs, f.explain(err)
	default:
		return fabric.Observation{}, fmt.Errorf("--platform %s: known are ios, iosxe and nxos", f.platform)
	}
	obs, err := s.Observation()
	return obs, f.explain(err)
}

func (f *savedFlags) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ios.ErrShortRead) || errors.Is(err, nxos.ErrShortRead):
		return fmt.Errorf("%s: %w (where it is a part of a configuration on purpose, say --fragment)", f.running, err)
	}
	return fmt.Errorf("%s: %w", f.running, err)
}

func switchShow() *cobra.Command {
	var f savedFlags
	var output string
	cmd := &cobra.Command{
		Use: "show --from FILE", Short: "Print the model of a saved running configuration", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "json" {
				return fmt.Errorf("-o %s: json is what there is", output)
			}
			obs, err := f.observation()
			if err != nil {
				return err
			}
			for name, p := range obs.Ports {
				p.Lines = nil // raw text is not part of the model
				obs.Ports[name] = p
			}
			for id, s := range obs.SVIs {
				s.Lines = nil
				obs.SVIs[id] = s
			}
			enc := json.NewEncoder(c.OutOrStdout())
			enc.SetIndent("", "  ")
			return enc.Encode(obs)
		},
	}
	cmd.Flags().StringVar(&f.running, "from", "", "file with `show running-config` (required)")
	cmd.Flags().StringVar(&f.vlans, "vlan-brief", "", "file with `show vlan brief`")
	cmd.Flags().StringVar(&f.vtp, "vtp-status", "", "file with `show vtp status`")
	cmd.Flags().StringVar(&f.version, "version-output", "", "file with `show version`")
	cmd.Flags().StringVar(&f.platform, "platform", "", "ios, iosxe or nxos; read from the files where it is not given")
	cmd.Flags().BoolVar(&f.fragment, "fragment", false, "the file holds a part of a configuration, and need not end as a whole one does")
	cmd.Flags().StringVarP(&output, "output", "o", "json", "json")
	mustRequire(cmd, "from")
	return cmd
}

func switchDiff() *cobra.Command {
	var from, to savedFlags
	var output string
	cmd := &cobra.Command{
		Use: "diff --from FILE --to FILE", Short: "Print the commands between two saved configurations, and those that lead back", Args: cobra.NoArgs,
		Long: `Prints the planned commands that turn one saved configuration into another, or
into a model in JSON (as ` + "`cthulix switch show`" + ` prints it, or only the parts of
it that matter), and the rollback commands. What Cthulix does not manage is left
alone.`,
		RunE: func(c *cobra.Command, _ []string) error {
			from.fragment = to.fragment
			obs, err := from.observation()
			if err != nil {
				return err
			}
			to.platform = obs.Platform // of one switch: what one file tells holds for both
			want, err := wanted(&obs, from.vlans != "", to)
			if err != nil {
				return err
			}
			change, err := planFor(obs)(obs, want)
			if err != nil {
				return err
			}
			for _, u := range change.Unmet {
				fmt.Fprintln(c.ErrOrStderr(), "note:", u)
			}
			return printChange(c, change, output)
		},
	}
	cmd.Flags().StringVar(&from.running, "from", "", "file with the present `show running-config` (required)")
	cmd.Flags().StringVar(&to.running, "to", "", "file with the wanted running configuration, or a model in JSON (required)")
	cmd.Flags().StringVar(&from.vlans, "from-vlan-brief", "", "file with the present `show vlan brief`")
	cmd.Flags().StringVar(&from.vtp, "from-vtp-status", "", "file with the present `show vtp status`")
	cmd.Flags().StringVar(&to.vlans, "to-vlan-brief", "", "file with the wanted `show vlan brief`")
	cmd.Flags().StringVar(&from.platform, "platform", "", "ios, iosxe or nxos; read from the files where it is not given")
	cmd.Flags().BoolVar(&to.fragment, "fragment", false, "the files hold parts of configurations: what --to does not mention stays")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	mustRequire(cmd, "from", "to")
	return cmd
}

// planFor is the planner of the switch's dialect.
func planFor(obs fabric.Observation) func(fabric.Observation, fabric.Want) (fabric.Change, error) {
	if obs.Platform == nxos.Platform {
		return nxos.Plan
	}
	return ios.Plan
}

// wanted reads the other side of a comparison: a configuration, or a model.
// table says that the present VLANs are not from the running configuration.
func wanted(obs *fabric.Observation, table bool, to savedFlags) (fabric.Want, error) {
	b, err := os.ReadFile(to.running)
	if err != nil {
		return fabric.Want{}, err
	}
	if !strings.HasPrefix(strings.TrimSpace(string(b)), "{") {
		wish, err := to.observation()
		if err != nil {
			return fabric.Want{}, err
		}
		if to.vlans == "" && table && !fabric.ListsVLANs(wish.VLANs) {
			// The switch keeps its VLANs in a file of its own: that the wanted
			// configuration lists none does not say that they go.
			maps.Copy(wish.VLANs, obs.VLANs)
		}
		if to.fragment {
			addPlainPorts(obs, wish)
			return fabric.Onto(obs.Config, wish.Config), nil
		}
		return fabric.Between(obs.Config, wish.Config), nil
	}
	var model fabric.Config
	if err := json.Unmarshal(b, &model); err != nil {
		return fabric.Want{}, fmt.Errorf("%s: %w", to.running, err)
	}
	return wantedModel(*obs, model), nil
}

// addPlainPorts adds the ports that a part of a configuration leaves out and the
// wanted one names: they are as they came.
func addPlainPorts(obs *fabric.Observation, wish fabric.Observation) {
	for _, name := range wish.Order {
		if _, there := obs.Ports[name]; there || fabric.ChannelGroup(name) != 0 {
			continue
		}
		obs.Order = append(obs.Order, name)
		if obs.Platform == nxos.Platform {
			obs.Ports[name] = nxos.ParsePort(name, nil, obs.Nexus)
		} else {
			obs.Ports[name] = ios.ParsePort(name, nil)
		}
	}
}

// wantedModel is what differs between a switch and a model of it. What the model
// leaves out stays, and what it says as the switch does is not looked at again:
// a whole model may hold what Cthulix only observes.
func wantedModel(obs fabric.Observation, model fabric.Config) fabric.Want {
	want := fabric.Want{Ports: map[string]fabric.Port{}, SVIs: map[int]fabric.SVI{}, Global: model.Global}
	for name, p := range model.Ports {
		canonical, err := fabric.NormalizePort(obs.Platform, name)
		if err != nil {
			canonical = name
		}
		if group := fabric.ChannelGroup(canonical); group != 0 {
			canonical = fabric.ChannelName(group)
		}
		p.Name = canonical
		have, there := obs.Ports[canonical]
		have.Lines, have.Other, p.Lines, p.Other = nil, nil, nil, nil
		if !there || !reflect.DeepEqual(have, p) {
			want.Ports[canonical] = p
		}
	}
	for id, s := range model.SVIs {
		have, there := obs.SVIs[id]
		have.Lines, have.Other, s.Lines, s.Other = nil, nil, nil, nil
		if !there || !reflect.DeepEqual(have, s) {
			want.SVIs[id] = s
		}
	}
	if model.VLANs != nil {
		tables := fabric.Between(fabric.Config{VLANs: obs.VLANs}, fabric.Config{VLANs: model.VLANs})
		want.VLANs, want.AbsentVLANs = tables.VLANs, tables.AbsentVLANs
	}
	return want
}

func printChange(c *cobra.Command, change fabric.Change, output string) error {
	out := c.OutOrStdout()
	switch output {
	case "json":
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(struct {
			Planned  []string `json:"planned_commands"`
			Rollback []string `json:"rollback_commands"`
		}{append([]string{}, change.Commands...), append([]string{}, change.Rollback...)})
	case "text":
		if change.Empty() {
			fmt.Fprintln(out, "no changes")
			return nil
		}
		fmt.Fprintf(out, "! planned commands\n%s\n! rollback commands\n%s\n", strings.Join(change.Commands, "\n"), strings.Join(change.Rollback, "\n"))
		return nil
	}
	return fmt.Errorf("-o %s: text and json are what there is", output)
}

// mustRequire marks flags that are defined just above.
func mustRequire(cmd *cobra.Command, flags ...string) {
	for _, f := range flags {
		if err := cmd.MarkFlagRequired(f); err != nil {
			panic(err)
		}
	}
}
