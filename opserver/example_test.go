package opserver_test

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
	"github.com/cthulix/terraform-provider-cthulix/opserver"
)

// An opserver on a real network serves the machines of 10.20.0.0/24 from 10.20.0.1 until it is interrupted.
func Example() {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	serve := func(ctx context.Context) error {
		hub, err := ophub.New(ophub.Config{Address: "http://127.0.0.1:8500", Logger: log})
		if err != nil {
			return err
		}
		blobs, err := keg.OpenDir("/var/lib/cthulix/keg")
		if err != nil {
			return err
		}
		key, err := opserver.LoadSiteKey("/var/lib/cthulix/site.key")
		if err != nil {
			return err
		}
		own := netip.MustParseAddr("10.20.0.1")
		sockets, err := opserver.ListenReal(opserver.Real{Address: own, Operator: "127.0.0.1:8470"})
		if err != nil {
			return err
		}
		defer sockets.Close()
		server, err := opserver.New(opserver.Config{
			Hub: hub, Keg: blobs,
			DHCP: sockets.DHCP, TFTP: sockets.TFTP, HTTP: sockets.HTTP,
			Operator: sockets.Operator, OperatorToken: os.Getenv("CTHULIX_OPSERVER_TOKEN"),
			Address: own, Prefix: sockets.Prefix,
			Range:    opserver.Range{First: netip.MustParseAddr("10.20.0.100"), Last: netip.MustParseAddr("10.20.0.199")},
			Firmware: os.DirFS("/usr/lib/ipxe"), SiteKey: key,
			ConsulURL: "http://10.20.0.1:8500", NomadServers: []string{"10.20.0.1:4647"},
			Logger: log,
		})
		if err != nil {
			return err
		}
		return server.Run(ctx)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := serve(ctx); err != nil {
		log.Error("the opserver ended", "error", err)
	}
}
