package opserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// agentRelease is the release that a kernel's agent process is, when the kernel's record names none of its own.
const agentRelease = "nomad"

// serveIdentity tells a host who it is: agentd's first question. The answer holds the secrets of the host's Nomad
// identities, so it goes to the address that is leased to the host and to no other.
func (s *Server) serveIdentity(w http.ResponseWriter, r *http.Request) {
	host, mac, ok := s.trusted(w, r, r.URL.Query().Get("mac"))
	if !ok {
		return
	}
	s.awaitRecord(r, mac)
	identity := s.guestIdentity(host)
	var err error
	if record, ok := s.hosts.byMAC(mac); ok {
		identity, err = s.identity(r.Context(), record, mac)
	}
	if err != nil {
		s.Logger.Error("http: no identity", "host", host.Name, "mac", mac, "error", err)
		http.Error(w, clip(err.Error(), maxDetail), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err := json.NewEncoder(w).Encode(identity); err != nil {
		s.Logger.Warn("http: identity not sent", "host", host.Name, "error", err)
	}
}

func (s *Server) identity(ctx context.Context, host ophub.Host, mac string) (ophub.Identity, error) {
	identity := ophub.Identity{
		Host: host.Name, Image: host.Image, Consul: s.ConsulURL, Keg: s.baseURL,
		LeaseSeconds: int(s.LeaseTime / time.Second),
	}
	// The Ignition configuration is that of the image which runs, even if another is on record by now.
	if image := s.images.bootingImage(mac, host.Image); image != "" {
		manifest, err := s.images.manifest(ctx, image)
		if err != nil {
			return ophub.Identity{}, err
		}
		identity.Ignition = manifest.Ignition
	}
	for _, name := range host.Kernels {
		attachment, err := s.attachment(ctx, host.Name, name)
		if err != nil {
			return ophub.Identity{}, fmt.Errorf("host %s, kernel %s: %w", host.Name, name, err)
		}
		identity.Kernels = append(identity.Kernels, attachment)
	}
	return identity, nil
}

// guestIdentity is that of a machine which no record names: it gets nothing that a host has.
func (s *Server) guestIdentity(guest ophub.Host) ophub.Identity {
	return ophub.Identity{
		Host: guest.Name, Image: guest.Image, Keg: s.baseURL, LeaseSeconds: int(s.LeaseTime / time.Second), Discovery: true,
	}
}

func (s *Server) attachment(ctx context.Context, host, kernel string) (ophub.Attachment, error) {
	record, err := s.Hub.Kernel(ctx, kernel)
	if err != nil {
		return ophub.Attachment{}, err
	}
	a := ophub.Attachment{
		Name: record.Name, Namespace: record.Namespace, NodePool: record.NodePool, NomadServers: s.NomadServers,
		Release: record.AgentRelease, ReleaseFormat: record.ReleaseFormat,
	}
	if a.Release == "" {
		release, err := s.Hub.Release(ctx, agentRelease)
		switch {
		case errors.Is(err, ophub.ErrNotFound):
			// The host registers all the same, and says of this kernel what it lacks.
			s.Logger.Warn("no release for a kernel's agent process on record", "kernel", kernel, "release", agentRelease)
		case err != nil:
			return ophub.Attachment{}, err
		}
		a.Release, a.ReleaseFormat = release.KID, release.Format
	}
	a.ClientID, a.SecretID = NomadIdentity(s.SiteKey, kernel, host)
	return a, nil
}
