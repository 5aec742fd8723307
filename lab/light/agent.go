package light

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	// liveTTL is agentd's.
	liveTTL = 15 * time.Second
	// farewell is how long the ophub may take to let the host go.
	farewell = 5 * time.Second
	version  = "light"
)

// agent does what agentd does, until ctx ends: it locates itself, registers,
// and follows its record. Of the kernels it serves it only says so.
func (m *Machine) agent(ctx context.Context, l *life, client *http.Client, s script, address netip.Addr) error {
	opserver, mac := s.value("cthulix.opserver="), m.cfg.MAC.String()
	image, err := keg.Parse(s.value("cthulix.image="))
	if err != nil || opserver == "" {
		return fmt.Errorf("linux command line %q: no opserver or image: %w", s.args, err)
	}
	m.starts(l)
	report := map[string]any{"mac": mac, "stage": ophub.StageAgent, "detail": "light machine", "image": image, "boot_id": l.id}
	if err := m.insist(ctx, "stage", func() error { return post(ctx, client, opserver+"/v1/stage", report) }); err != nil {
		return err
	}
	fail := s.value("light.fail=")
	if fail == FailRegister {
		<-ctx.Done()
		return nil
	}
	identity, err := m.locate(ctx, client, opserver, 0)
	switch {
	case err != nil:
	case identity.Discovery:
		identity, err = m.discovered(ctx, l, client, opserver, image)
	case identity.Host != s.value("cthulix.host="): // the record came while it booted
		identity, err = m.becomeHost(ctx, l, identity, image)
	}
	if err != nil {
		return err
	}
	inventory := m.inventory(l)
	hub, err := ophub.New(ophub.Config{Address: identity.Consul, HTTPClient: client, Logger: m.log})
	if err != nil {
		return err
	}
	status := ophub.KernelReady
	if fail == FailKernels {
		status = ophub.KernelStarting
	}
	record := ophub.Agent{
		Host: identity.Host, BootID: l.id, Version: version, Image: image, Addresses: []string{address.String()}, MAC: mac,
		Started: time.Now(), CPUs: 1, MemoryMiB: 1, Kernels: map[string]ophub.KernelState{}, Inventory: &inventory,
	}
	for _, k := range identity.Kernels {
		record.Kernels[k.Name] = ophub.KernelState{NodeID: k.ClientID, Status: status}
	}
	// Told before others can see it: whoever counts machines that are down must
	// not count one whose record already says that it is back.
	m.registered(l, true)
	defer m.registered(l, false)
	var registration *ophub.Registration
	err = m.insist(ctx, "registration", func() (err error) {
		if registration, err = hub.Register(ctx, record, liveTTL); err != nil && ctx.Err() == nil {
			// As agentd does, it tells what keeps it; whether that arrives is no matter.
			trouble := maps.Clone(report)
			trouble["detail"] = err.Error()
			_ = post(ctx, client, opserver+"/v1/stage", trouble)
		}
		return err
	})
	if registration == nil {
		return err
	}
	m.serial.Say("agentd: registered as %s", identity.Host)
	renewed := make(chan error, 1)
	go func() { renewed <- registration.Run(ctx) }()
	followKernels(ctx, hub, registration, record, status)
	err = <-renewed
	if errors.Is(context.Cause(ctx), errSoft) {
		ctx, cancel := context.WithTimeout(context.Background(), farewell)
		defer cancel()
		return registration.Close(ctx)
	}
	return err
}

// followKernels says of each kernel that the record names that it is served.
func followKernels(ctx context.Context, hub *ophub.Hub, registration *ophub.Registration, record ophub.Agent, status string) {
	for view := range hub.WatchHost(ctx, record.Host) {
		if view.Host == nil || view.Err != nil || len(view.Host.Kernels) == len(record.Kernels) &&
			!slices.ContainsFunc(view.Host.Kernels, func(k string) bool { _, ok := record.Kernels[k]; return !ok }) {
			continue
		}
		kernels := map[string]ophub.KernelState{}
		for _, k := range view.Host.Kernels {
			kernels[k] = ophub.KernelState{Status: status}
		}
		record.Kernels = kernels
		// What is lost here follows when the session is renewed.
		_ = registration.Update(ctx, record)
	}
}

func post(ctx context.Context, client *http.Client, url string, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(b))
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("POST %s: %s", url, resp.Status)
	}
	return nil
}
