package agentd

import (
	"context"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// kernels are the compute domains that the host serves now, each by a Nomad
// client of its own.
type kernels struct {
	agent   *agent
	changed func() // called after each change of a state

	mu      sync.Mutex
	serving map[string]*serving
	all     sync.WaitGroup
}

// serving is one client, from its first download to its end.
type serving struct {
	client nomadClient
	kegURL string
	state  ophub.KernelState
	stop   context.CancelFunc
	done   chan struct{}
	// leaving is set when the identity named the kernel no more.
	leaving bool
}

// reconcile makes the host serve what the identity says, from the address
// given: it ends what is there no more or has changed, and starts what is new.
// A client that is as wanted is not touched.
func (k *kernels) reconcile(ctx context.Context, id ophub.Identity, address netip.Addr, link string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.serving == nil {
		k.serving = map[string]*serving{}
	}
	for name, s := range k.serving {
		wanted := slices.ContainsFunc(id.Kernels, func(w ophub.Attachment) bool { return w.Name == name })
		if !wanted {
			if s.leaving {
				continue
			}
			k.agent.log.Info("leaving kernel", "kernel", name)
			s.leaving = true
			s.stop()
			// The port is taken until the client has ended.
			go k.forget(name, s)
		}
	}
	for _, want := range id.Kernels {
		client := nomadClient{
			Host: id.Host, Image: k.agent.params.Image, Kernel: want, Address: address, Link: link,
		}
		old := k.serving[want.Name]
		if old == nil {
			client.Port = k.freePort()
			k.start(ctx, client, id.Keg, nil)
			continue
		}
		client.Port = old.client.Port
		if reflect.DeepEqual(old.client, client) && old.kegURL == id.Keg && !old.leaving {
			continue
		}
		old.stop()
		k.start(ctx, client, id.Keg, old.done)
	}
}

// start runs a client as soon as the one that it follows has ended.
func (k *kernels) start(ctx context.Context, c nomadClient, kegURL string, after <-chan struct{}) {
	ctx, stop := context.WithCancel(ctx)
	s := &serving{client: c, kegURL: kegURL, stop: stop, done: make(chan struct{}), state: ophub.KernelState{Status: ophub.KernelStarting}}
	k.serving[c.Kernel.Name] = s
	k.all.Go(func() {
		defer close(s.done)
		if after != nil {
			<-after
		}
		k.agent.serve(ctx, c, kegURL, func(state ophub.KernelState) { k.tell(s, state) })
	})
}

func (k *kernels) forget(name string, s *serving) {
	<-s.done
	k.mu.Lock()
	if k.serving[name] == s {
		delete(k.serving, name)
	}
	k.mu.Unlock()
	k.changed()
}

func (k *kernels) tell(s *serving, state ophub.KernelState) {
	k.mu.Lock()
	same := s.state == state
	s.state = state
	k.mu.Unlock()
	if !same {
		k.changed()
	}
}

// freePort returns the lowest port that no client has.
func (k *kernels) freePort() int {
	for port := k.agent.cfg.NomadPort; ; port += portStep {
		taken := false
		for _, s := range k.serving {
			taken = taken || s.client.Port == port
		}
		if !taken {
			return port
		}
	}
}

// states is how each kernel is served now.
func (k *kernels) states() map[string]ophub.KernelState {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := make(map[string]ophub.KernelState, len(k.serving))
	for name, s := range k.serving {
		out[name] = s.state
	}
	return out
}

// joined names the kernels when every one of them is ready.
func joined(states map[string]ophub.KernelState) (string, bool) {
	var names []string
	for name, s := range states {
		if s.Status != ophub.KernelReady {
			return "", false
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", "), len(names) > 0
}

// wait returns when all clients have ended, which they do when the context
// given to reconcile ends.
func (k *kernels) wait() { k.all.Wait() }
