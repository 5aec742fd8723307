package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/cthulix/terraform-provider-cthulix/engines"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
	"github.com/cthulix/terraform-provider-cthulix/opserver"
)

type opserverFlags struct {
	address, first, last, router string
	operator, dir, firmware      string
	discovery                    string
	consul, nomad, nomadServer   string
	dns                          []string
	lease                        time.Duration
}

func opserverCommand() *cobra.Command {
	var f opserverFlags
	cmd := &cobra.Command{
		Use: "opserver", Short: "Serve DHCP, TFTP and HTTP to the machines of a site", Args: cobra.NoArgs,
		Long: `Serves the hosts that have a record on the network of --address, and an operator
API and web page on --operator. Consul and Nomad servers are started beside it
unless --consul and --nomad name those of the site. The operator API's token is
taken from CTHULIX_OPSERVER_TOKEN.`,
		RunE: func(c *cobra.Command, _ []string) error {
			return runOpserver(c.Context(), f, slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil)))
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.address, "address", "", "this server's address on the hosts' network (required)")
	fl.StringVar(&f.first, "range-first", "", "first address that DHCP hands out")
	fl.StringVar(&f.last, "range-last", "", "last address that DHCP hands out")
	fl.StringVar(&f.router, "router", "", "default gateway that hosts are told; none if empty")
	fl.StringSliceVar(&f.dns, "dns", nil, "name servers that hosts are told")
	fl.DurationVar(&f.lease, "lease", time.Hour, "lease time")
	fl.StringVar(&f.operator, "operator", "127.0.0.1:8470", "where the operator API and the web page listen")
	fl.StringVar(&f.dir, "dir", "/var/lib/cthulix", "where blobs, the site key and the servers' data live")
	fl.StringVar(&f.firmware, "firmware", "/usr/lib/ipxe", "directory with iPXE's undionly.kpxe and snponly.efi")
	fl.StringVar(&f.discovery, "discovery", "", "KID of the image for machines without a host record, to discover them; they are not answered if empty")
	fl.StringVar(&f.consul, "consul", "", "URL of the site's Consul, as the hosts reach it; empty starts one on --address")
	fl.StringVar(&f.nomad, "nomad", "", "URL of the site's Nomad; empty starts one on --address")
	fl.StringVar(&f.nomadServer, "nomad-server", "", "host:port of the site's Nomad for client RPC; needed with --nomad")
	mustRequire(cmd, "address")
	return cmd
}

func runOpserver(ctx context.Context, f opserverFlags, log *slog.Logger) error {
	addr, err := netip.ParseAddr(f.address)
	if err != nil {
		return fmt.Errorf("--address: %w", err)
	}
	token := os.Getenv("CTHULIX_OPSERVER_TOKEN")
	if token == "" {
		return errors.New("CTHULIX_OPSERVER_TOKEN is empty: set it to a secret of your choice; the provider needs the same one to store images")
	}
	if f.nomad != "" && f.nomadServer == "" {
		return errors.New("--nomad without --nomad-server: hosts need the RPC address of a server, such as 10.0.0.5:4647")
	}
	conf := opserver.Config{
		OperatorToken: token, Address: addr, LeaseTime: f.lease, Firmware: os.DirFS(f.firmware), Discovery: keg.KID(f.discovery),
		ConsulURL: f.consul, NomadServers: []string{f.nomadServer}, Logger: log,
	}
	if err := parseAddresses(f, &conf); err != nil {
		return err
	}
	store, err := keg.OpenDir(filepath.Join(f.dir, "keg"))
	if err != nil {
		return err
	}
	conf.Keg = store
	if conf.SiteKey, err = opserver.LoadSiteKey(filepath.Join(f.dir, "site_key")); err != nil {
		return err
	}
	nomad, err := engines.Locate(ctx, "nomad", engines.Options{Progress: logProgress(log)})
	if err != nil {
		return err
	}
	if f.consul == "" {
		path, err := engines.Locate(ctx, "consul", engines.Options{Progress: logProgress(log)})
		if err != nil {
			return err
		}
		srv, err := engines.StartConsul(ctx, engines.ConsulConfig{
			Binary: path, DataDir: filepath.Join(f.dir, "consul"), Bind: f.address, HTTPPort: 8500, ServerPort: 8300, SerfPort: 8301, Logger: log,
		})
		if err != nil {
			return err
		}
		defer srv.Stop()
		conf.ConsulURL = srv.Address
	}
	if f.nomad == "" {
		srv, err := engines.StartNomad(ctx, engines.NomadConfig{
			Binary: nomad, DataDir: filepath.Join(f.dir, "nomad"), Bind: f.address, HTTPPort: 4646, RPCPort: 4647, SerfPort: 4648, Logger: log,
		})
		if err != nil {
			return err
		}
		defer srv.Stop()
		conf.NomadServers = []string{srv.RPC}
	}
	hub, err := ophub.New(ophub.Config{Address: conf.ConsulURL, Token: os.Getenv("CTHULIX_OPHUB_TOKEN"), Logger: log})
	if err != nil {
		return err
	}
	conf.Hub = hub
	kid, err := engines.Pack(ctx, store, nomad)
	if err != nil {
		return err
	}
	if err := hub.PutRelease(ctx, ophub.Release{Name: "nomad", Version: engines.Version("nomad"), KID: kid, Format: ophub.FormatZstd}); err != nil {
		return err
	}
	sockets, err := opserver.ListenReal(opserver.Real{Address: addr, Operator: f.operator})
	if err != nil {
		return err
	}
	conf.DHCP, conf.TFTP, conf.HTTP, conf.Operator, conf.Prefix = sockets.DHCP, sockets.TFTP, sockets.HTTP, sockets.Operator, sockets.Prefix
	srv, err := opserver.New(conf)
	if err != nil {
		return err
	}
	log.Info("serving", "address", addr, "prefix", conf.Prefix, "interface", sockets.Interface, "operator", "http://"+f.operator)
	return srv.Run(ctx)
}

func parseAddresses(f opserverFlags, conf *opserver.Config) error {
	for _, p := range []struct {
		flag, text string
		set        func(netip.Addr)
	}{
		{"--range-first", f.first, func(a netip.Addr) { conf.Range.First = a }},
		{"--range-last", f.last, func(a netip.Addr) { conf.Range.Last = a }},
		{"--router", f.router, func(a netip.Addr) { conf.Router = []netip.Addr{a} }},
	} {
		if p.text == "" {
			continue
		}
		a, err := netip.ParseAddr(p.text)
		if err != nil {
			return fmt.Errorf("%s: %w", p.flag, err)
		}
		p.set(a)
	}
	for _, s := range f.dns {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return fmt.Errorf("--dns: %w", err)
		}
		conf.DNS = append(conf.DNS, a)
	}
	return nil
}

func logProgress(log *slog.Logger) func(engines.Progress) {
	return func(p engines.Progress) {
		log.Info(p.Stage, "engine", p.Engine, "detail", p.Detail, "elapsed", p.Elapsed.Round(time.Second))
	}
}
