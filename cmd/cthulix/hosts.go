package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func hostsCommand() *cobra.Command {
	var addr string
	var how format
	open := func() (*ophub.Hub, error) { return openHub(addr) }
	login := &bmcLogin{open: open}
	cmd := &cobra.Command{
		Use: "hosts", Short: "Show each host: port, VLAN, power, image, kernels, state", Args: cobra.NoArgs,
		Long: `Shows each host: port, VLAN, power, image, kernels, state. The power is asked of
the BMCs with the account CTHULIX_BMC_USERNAME (or --bmc-username) and the
password in CTHULIX_BMC_PASSWORD (or in --bmc-password-file), and is "?" without
an account.`,
		RunE: func(c *cobra.Command, _ []string) error {
			hub, err := open()
			if err != nil {
				return err
			}
			rows, err := lookAtHosts(c.Context(), hub, login)
			if err != nil {
				return err
			}
			return showHosts(c.OutOrStdout(), how, rows)
		},
	}
	cmd.PersistentFlags().StringVar(&addr, "ophub", os.Getenv("CTHULIX_OPHUB_ADDR"), "address of Consul, http://HOST:PORT")
	login.accountFlags(cmd)
	how.flag(cmd.Flags(), "a list of hosts")
	cmd.AddCommand(&cobra.Command{
		Use: "watch", Short: "Follow the boots of all hosts, a line per stage, until interrupted", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			hub, err := open()
			if err != nil {
				return err
			}
			return watchHosts(c.Context(), c.OutOrStdout(), hub)
		},
	})
	return cmd
}

// hostJSON is how a host is doing.
type hostJSON struct {
	Name    string            `json:"name"`
	Switch  string            `json:"switch,omitempty"`
	Port    string            `json:"port,omitempty"`
	VLAN    int               `json:"vlan,omitempty"`
	Power   string            `json:"power"` // on, off, what is wrong with its BMC, or ? when nobody asked
	Booted  keg.KID           `json:"booted_image,omitempty"`
	Kernels map[string]string `json:"kernels"` // and how each is doing; "" while no agent says
	Ready   bool              `json:"ready"`
	State   string            `json:"state"` // "ready", or where it stands
}

// lookAtHosts finds out how each host is doing.
func lookAtHosts(ctx context.Context, hub *ophub.Hub, login *bmcLogin) ([]hostJSON, error) {
	hosts, err := hub.Hosts(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := login.at("", "localhost"); err != nil {
		return nil, err // it would be wrong of each of them
	}
	rows := make([]hostJSON, len(hosts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, h := range hosts {
		group.Go(func() error {
			view := ophub.View{Host: &h, At: time.Now()}
			var err error
			if view.Boot, err = hub.Boot(ctx, h.Name); err != nil {
				return err
			}
			switch agent, err := hub.Agent(ctx, h.Name); {
			case err == nil:
				view.Agent = &agent
			case !errors.Is(err, ophub.ErrNotFound):
				return err
			}
			rows[i] = hostRow(view, login.powerOf(ctx, h))
			return nil
		})
	}
	return rows, group.Wait()
}

func hostRow(view ophub.View, power string) hostJSON {
	h := view.Host
	row := hostJSON{Name: h.Name, Switch: h.Switch, Port: h.Port, VLAN: h.VLAN, Power: power, Kernels: map[string]string{}}
	for _, k := range h.Kernels {
		row.Kernels[k] = ""
	}
	if view.Agent != nil {
		row.Booted = view.Agent.Image
		for k, state := range view.Agent.Kernels {
			row.Kernels[k] = state.Status
		}
	}
	verdict := ophub.Diagnose(view, h.Image, power != string(ipmi.Off), time.Time{})
	if row.Ready, row.State = verdict.Ready, verdict.Stage; row.Ready {
		row.State = "ready"
	}
	return row
}

func showHosts(out io.Writer, how format, rows []hostJSON) error {
	if how == asJSON {
		return printJSON(out, rows)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tPORT\tVLAN\tPOWER\tIMAGE\tKERNEL\tSTATE")
	for _, r := range rows {
		booted := "-"
		if r.Booted != "" {
			booted = r.Booted.Short()
		}
		var kernels []string
		for _, k := range slices.Sorted(maps.Keys(r.Kernels)) {
			if state := r.Kernels[k]; state != "" {
				k += " (" + state + ")"
			}
			kernels = append(kernels, k)
		}
		fmt.Fprintf(w, "%s\t%s %s\t%d\t%s\t%s\t%s\t%s\n", r.Name, r.Switch, r.Port, r.VLAN, r.Power, booted, strings.Join(kernels, ", "), r.State)
	}
	return w.Flush()
}

// powerPatience is how long a BMC may take to say whether its machine is on.
const powerPatience = 10 * time.Second

// powerOf asks a host's BMC, and says "?" where there is none, or no account on it.
func (l *bmcLogin) powerOf(ctx context.Context, h ophub.Host) string {
	if l.username == "" || h.BMC == "" {
		return "?"
	}
	bmc, err := l.at(h.Name, h.BMC)
	if err != nil {
		return "no address"
	}
	ctx, cancel := context.WithTimeout(ctx, powerPatience)
	defer cancel()
	state, err := bmc.Power(ctx)
	var auth *ipmi.AuthError
	switch {
	case errors.As(err, &auth):
		return "login refused"
	case err != nil:
		return "no answer"
	}
	return string(state)
}

func kernelStates(states map[string]ophub.KernelState) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(states)) {
		parts = append(parts, fmt.Sprintf("%s (%s)", name, states[name].Status))
	}
	return strings.Join(parts, ", ")
}

// watchHosts prints each event of each host once.
func watchHosts(ctx context.Context, out io.Writer, hub *ophub.Hub) error {
	snapshots, err := hub.WatchHosts(ctx)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	started := time.Now()
	say := func(host, what string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(out, "%6.1fs  %-10s %s\n", time.Since(started).Seconds(), host, what)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	following := map[string]bool{}
	for hosts := range snapshots {
		sort.Slice(hosts, func(i, j int) bool { return hosts[i].Name < hosts[j].Name })
		for _, h := range hosts {
			if !following[h.Name] {
				following[h.Name] = true
				wg.Go(func() { follow(hub.WatchHost(ctx, h.Name), started, func(what string) { say(h.Name, what) }) })
			}
		}
	}
	return nil
}

func follow(views <-chan ophub.View, since time.Time, say func(string)) {
	last := since
	var kernels string
	for v := range views {
		for _, e := range v.Boot.Events {
			if e.Time.After(last) {
				last = e.Time
				say(strings.TrimSpace(fmt.Sprintf("%-14s %s", e.Stage, e.Detail)))
			}
		}
		if v.Agent == nil {
			continue
		}
		if k := kernelStates(v.Agent.Kernels); k != kernels {
			kernels = k
			say(strings.TrimSpace(fmt.Sprintf("%-14s %s", "kernels", k)))
		}
	}
}
