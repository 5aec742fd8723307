package ophub

import (
	"log/slog"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// Identity is what the opserver tells a host that locates itself. It is never
// stored, since it holds secrets.
type Identity struct {
	Host  string  `json:"host"`
	Image keg.KID `json:"image"`
	// Consul is the ophub as the host reaches it, "http://10.20.0.1:8500".
	Consul string `json:"consul"`
	// Keg is the base URL of the keg as the host reaches it.
	Keg          string       `json:"keg"`
	Kernels      []Attachment `json:"kernels,omitempty"`
	Ignition     keg.KID      `json:"ignition,omitempty"`
	LeaseSeconds int          `json:"lease_seconds"`
	// Discovery says that no record names the machine: it is to say what it is
	// made of, and to wait for one. Such an identity has no Consul and no kernel.
	Discovery bool `json:"discovery,omitempty"`
}

// Attachment is what a host needs to serve one kernel.
type Attachment struct {
	Name          string   `json:"name"`
	Namespace     string   `json:"namespace"`
	NodePool      string   `json:"node_pool"`
	NomadServers  []string `json:"nomad_servers"`
	Release       keg.KID  `json:"release"`
	ReleaseFormat string   `json:"release_format"`
	ClientID      string   `json:"client_id"`
	SecretID      string   `json:"secret_id"`
}

// LogValue keeps the secret out of logs.
func (a Attachment) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("kernel", a.Name), slog.String("node_pool", a.NodePool),
		slog.String("release", a.Release.Short()), slog.String("client_id", a.ClientID))
}

// LogValue keeps the secrets out of logs.
func (i Identity) LogValue() slog.Value {
	names := make([]string, len(i.Kernels))
	for n, k := range i.Kernels {
		names[n] = k.Name
	}
	return slog.GroupValue(slog.String("host", i.Host), slog.String("image", i.Image.Short()), slog.Any("kernels", names))
}
