package dialect

import (
	"context"
	"errors"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	"github.com/cthulix/terraform-provider-cthulix/fabric/nxos"
)

// Links reads what a switch sees of its ports now, by their canonical names, in a session of the pool.
func Links(ctx context.Context, t fabric.Target, pool *ios.Pool) (links map[string]fabric.Link, err error) {
	s, err := pool.Dial(ctx, t)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	links = map[string]fabric.Link{}
	note := func(name, status string) {
		if long, err := fabric.NormalizePort(t.Platform, name); err == nil {
			links[long] = fabric.Link{Status: status}
		}
	}
	if t.Platform == nxos.Platform {
		rows, err := nxos.On(ctx, s, t).Status(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			note(r.Name, r.Status)
		}
	} else {
		rows, err := s.Status(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			note(r.Name, r.Status)
		}
	}
	addresses, err := s.MACTable(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range addresses {
		for _, port := range a.Ports {
			if link, known := links[port]; known {
				link.Seen = append(link.Seen, a)
				links[port] = link
			}
		}
	}
	return links, nil
}
