package agentd

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// Records is where an agent registers: the ophub, for all but tests.
type Records interface {
	Register(ctx context.Context, agent ophub.Agent, ttl time.Duration) (Registration, error)
	WatchHost(ctx context.Context, name string) <-chan ophub.View
}

// Registration is the live record of this host.
type Registration interface {
	Update(ctx context.Context, agent ophub.Agent) error
	Run(ctx context.Context) error
	Close(ctx context.Context) error
}

// hubRecords are the records in Consul.
type hubRecords struct{ *ophub.Hub }

func (h hubRecords) Register(ctx context.Context, agent ophub.Agent, ttl time.Duration) (Registration, error) {
	r, err := h.Hub.Register(ctx, agent, ttl)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func openHub(address string, client *http.Client, log *slog.Logger) (Records, error) {
	hub, err := ophub.New(ophub.Config{Address: address, HTTPClient: client, Logger: log})
	if err != nil {
		return nil, err
	}
	return hubRecords{hub}, nil
}

// liveTTL is how long the live record outlives its last renewal. Consul takes
// ten seconds or more and may let twice as much pass.
const liveTTL = 15 * time.Second

// keepRegistration renews the live record until down ends that: it is to last
// while the host's work moves away, after ctx has ended.
func (a *agent) keepRegistration(ctx context.Context) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = a.persist(ctx, "renewal of the live record", a.registration.Run, nil)
	}()
	a.release = func() {
		stop()
		<-done
	}
}
