package main

import (
	"encoding/json"
	"fmt"
	"os"
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
type savedFlags struct{ running, vlans, vtp, version, platform string }

func (f *savedFlags) observation() (fabric.Observation, error) {
	s := ios.Saved{Platform: f.platform}
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
		obs, err := nxos.Saved{Running: s.Running, Version: s.Version}.Observation()
		if err != nil {
			return obs, fmt.Errorf("%s: %w", f.running, err)
		}
		return obs, nil
	default:
		return fabric.Observation{}, fmt.Errorf("--platform %s: known are ios, iosxe and nxos", f.platform)
	}
	obs, err := s.Observation()
	if err != nil {
		return obs, fmt.Errorf("%s: %w", f.running, err)
	}
	return obs, nil
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
			obs, err := from.observation()
			if err != nil {
				return err
			}
			want, err := wanted(obs, to)
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
func wanted(obs fabric.Observation, to savedFlags) (fabric.Want, error) {
	b, err := os.ReadFile(to.running)
	if err != nil {
		return fabric.Want{}, err
	}
	if !strings.HasPrefix(strings.TrimSpace(string(b)), "{") {
		wish, err := to.observation()
		if err != nil {
			return fabric.Want{}, err
		}
		return fabric.Between(obs.Config, wish.Config), nil
	}
	var model fabric.Config
	if err := json.Unmarshal(b, &model); err != nil {
		return fabric.Want{}, fmt.Errorf("%s: %w", to.running, err)
	}
	want := fabric.Want{Ports: model.Ports, VLANs: model.VLANs, SVIs: model.SVIs, Global: model.Global}
	if model.VLANs != nil {
		for id := range obs.VLANs {
			if _, stays := model.VLANs[id]; !stays {
				want.AbsentVLANs = append(want.AbsentVLANs, id)
			}
		}
	}
	return want, nil
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
