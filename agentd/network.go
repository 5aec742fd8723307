package agentd

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4/nclient4"
)

// network brings up the interface that the host booted by and leases an
// address, however long that takes.
func (a *agent) network(ctx context.Context) error {
	return a.persist(ctx, "network", func(ctx context.Context) error {
		link, err := a.bootLink(ctx)
		if err != nil {
			return err
		}
		l, err := a.acquire(ctx, link)
		if err != nil {
			if where := a.cables.where(link.Name); where != "" {
				err = fmt.Errorf("%w; it is plugged into %s", err, where)
			}
			return err
		}
		if err := a.use(link, l); err != nil {
			return err
		}
		a.link, a.lease = link, l
		a.log.Info("network is up", "interface", link.Name, "address", l.Address, "lease_seconds", int(time.Until(l.Expires).Seconds()))
		return nil
	}, nil)
}

// bootLink finds the interface with the MAC that the boot script named, sets
// it up and gives it a moment to find its carrier.
func (a *agent) bootLink(ctx context.Context) (Link, error) {
	const carrierWait, look = 4 * time.Second, 50 * time.Millisecond
	deadline := time.Now().Add(carrierWait)
	set := false
	for {
		links, err := a.os.Links()
		if err != nil {
			return Link{}, err
		}
		link, err := findLink(links, a.params.MAC)
		switch {
		case err != nil && time.Now().After(deadline):
			return Link{}, err
		case err == nil && (link.Up || set && time.Now().After(deadline)):
			return link, nil
		case err == nil && !set:
			if err := a.os.LinkUp(link.Name); err != nil {
				return Link{}, err
			}
			set = true
			continue
		}
		// A driver's probe may still be under way.
		if err := (&backoff{first: look, max: look}).wait(ctx); err != nil {
			return Link{}, err
		}
	}
}

func findLink(links []Link, mac string) (Link, error) {
	var have []string
	for _, l := range links {
		if l.MAC == mac {
			return l, nil
		}
		have = append(have, l.Name+" "+l.MAC)
	}
	if len(have) == 0 {
		return Link{}, fmt.Errorf("no network interface at all, %s is wanted: the image lacks the module of this network card", mac)
	}
	return Link{}, fmt.Errorf("no network interface has %s, only %s: the image may lack a module", mac, strings.Join(have, ", "))
}

// use configures the interface by the lease.
func (a *agent) use(link Link, l lease) error {
	if err := a.os.Configure(link.Name, l.Network); err != nil {
		return err
	}
	return a.writeResolvConf(l)
}

// writeResolvConf writes through the link that the image has at
// /etc/resolv.conf, whose target may not be there yet.
func (a *agent) writeResolvConf(l lease) error {
	if len(l.DNS) == 0 {
		return nil
	}
	var b strings.Builder
	if l.Domain != "" {
		fmt.Fprintf(&b, "search %s\n", strings.Map(printable, l.Domain))
	}
	for _, dns := range l.DNS {
		fmt.Fprintf(&b, "nameserver %s\n", dns)
	}
	file := a.path("/etc/resolv.conf")
	if target, err := os.Readlink(file); err == nil {
		if !filepath.IsAbs(target) {
			target = filepath.Join("/etc", target)
		}
		file = a.path(target)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("name servers: %w", err)
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("name servers: %w", err)
	}
	return nil
}

// printable keeps what a domain name is made of: the text came off the wire.
func printable(r rune) rune {
	if r == '.' || r == '-' || r == ' ' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r
	}
	return -1
}

// keepLease renews the lease for as long as ctx lasts, and calls moved when
// the host had to take another address.
func (a *agent) keepLease(ctx context.Context, moved func(netip.Addr)) error {
	link, l := a.link, a.lease
	for {
		if err := sleepUntil(ctx, l.Renew); err != nil {
			return err
		}
		next, err := a.renewOrAcquire(ctx, link, l)
		if err != nil {
			return err
		}
		if next.Network != l.Network {
			a.log.Warn("the DHCP server gave another address", "was", l.Address, "is", next.Address)
		}
		if err := a.use(link, next); err != nil {
			a.log.Warn("the renewed lease could not be used", "error", err)
		}
		if next.Address.Addr() != l.Address.Addr() {
			moved(next.Address.Addr())
		}
		l, a.lease = next, next
	}
}

// renewOrAcquire extends the lease, or takes another when its server has gone
// or refuses.
func (a *agent) renewOrAcquire(ctx context.Context, link Link, old lease) (lease, error) {
	var next lease
	refused := false
	err := a.persist(ctx, "lease renewal", func(ctx context.Context) error {
		var err error
		if refused || time.Now().After(old.Rebind) {
			next, err = a.acquire(ctx, link)
			return err
		}
		next, err = a.renew(ctx, link, old)
		refused = errors.As(err, new(*nclient4.ErrNak))
		return err
	}, nil)
	return next, err
}

func sleepUntil(ctx context.Context, t time.Time) error {
	d := max(time.Until(t), 0)
	return (&backoff{first: d, max: d}).wait(ctx)
}
