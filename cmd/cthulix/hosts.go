package main

import (
	"context"
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
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func hostsCommand() *cobra.Command {
	var addr string
	open := func() (*ophub.Hub, error) { return openHub(addr) }
	cmd := &cobra.Command{
		Use: "hosts", Short: "Show each host: port, VLAN, power, image, kernels, state", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			hub, err := open()
			if err != nil {
				return err
			}
			return showHosts(c.Context(), c.OutOrStdout(), hub)
		},
	}
	cmd.PersistentFlags().StringVar(&addr, "ophub", os.Getenv("CTHULIX_OPHUB_ADDR"), "address of Consul, http://HOST:PORT")
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

func showHosts(ctx context.Context, out io.Writer, hub *ophub.Hub) error {
	hosts, err := hub.Hosts(ctx)
	if err != nil {
		return err
	}
	rows := make([]string, len(hosts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(32)
	for i, h := range hosts {
		group.Go(func() error {
			view := ophub.View{Host: &h, At: time.Now()}
			if view.Boot, err = hub.Boot(ctx, h.Name); err != nil {
				return err
			}
			if a, err := hub.Agent(ctx, h.Name); err == nil {
				view.Agent = &a
			}
			power := powerOf(ctx, h)
			verdict := ophub.Diagnose(view, h.Image, power != "off", time.Time{})
			booted, kernels := "-", strings.Join(h.Kernels, ",")
			if view.Agent != nil {
				booted = view.Agent.Image.Short()
				kernels = kernelStates(view.Agent.Kernels)
			}
			state := verdict.Stage
			if verdict.Ready {
				state = "ready"
			}
			rows[i] = fmt.Sprintf("%s\t%s %s\t%d\t%s\t%s\t%s\t%s", h.Name, h.Switch, h.Port, h.VLAN, power, booted, kernels, state)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tPORT\tVLAN\tPOWER\tIMAGE\tKERNEL\tSTATE")
	for _, r := range rows {
		fmt.Fprintln(w, r)
	}
	return w.Flush()
}

func kernelStates(states map[string]ophub.KernelState) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(states)) {
		parts = append(parts, fmt.Sprintf("%s (%s)", name, states[name].Status))
	}
	return strings.Join(parts, ", ")
}

// powerOf asks the BMC with the operator's credentials, and says "?" without them.
func powerOf(ctx context.Context, h ophub.Host) string {
	user, password := os.Getenv("CTHULIX_BMC_USERNAME"), os.Getenv("CTHULIX_BMC_PASSWORD")
	if user == "" || h.BMC == "" {
		return "?"
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	state, err := ipmi.New(ipmi.Target{Name: h.Name, Address: h.BMC, Username: user, Password: password}).Power(ctx)
	if err != nil {
		return "no answer"
	}
	return fmt.Sprint(state)
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
