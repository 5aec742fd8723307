package agentd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// locate is the first question of every host: who am I, and which kernels do I
// serve? It asks until it has an answer that it can use.
func (a *agent) locate(ctx context.Context) (ophub.Identity, error) { return a.locateWithin(ctx, 0) }

// locateWithin gives the opserver so long to answer, which it uses only if no
// record names the host yet.
func (a *agent) locateWithin(ctx context.Context, wait time.Duration) (ophub.Identity, error) {
	var id ophub.Identity
	err := a.persist(ctx, "locate", func(ctx context.Context) error {
		var err error
		id, err = a.askIdentity(ctx, wait)
		return err
	}, a.trouble(ctx, ophub.StageAgent))
	return id, err
}

func (a *agent) askIdentity(ctx context.Context, wait time.Duration) (ophub.Identity, error) {
	var id ophub.Identity
	address := a.params.Opserver + "/v1/identity?mac=" + url.QueryEscape(a.params.MAC)
	if wait > 0 {
		address += fmt.Sprintf("&wait=%d", int(wait.Seconds()))
	}
	if err := a.call(ctx, http.MethodGet, address, nil, &id); err != nil {
		return id, fmt.Errorf("ask the opserver for this host's identity: %w", err)
	}
	if err := checkIdentity(id); err != nil {
		return id, fmt.Errorf("identity of this host, as %s tells it: %w", a.params.Opserver, err)
	}
	return id, nil
}

// checkIdentity holds an identity to what the agent builds paths, URLs and
// configuration from.
func checkIdentity(id ophub.Identity) error {
	var errs []error
	bad := func(field string, err error) { errs = append(errs, fmt.Errorf("%s: %w", field, err)) }
	if err := checkName(id.Host); err != nil {
		bad("host", err)
	}
	if id.Discovery {
		return errors.Join(errs...) // such a machine gets and uses nothing else
	}
	for _, u := range []struct{ field, url string }{{"consul", id.Consul}, {"keg", id.Keg}} {
		if _, err := parseBase(u.url); err != nil {
			bad(u.field, err)
		}
	}
	if id.Ignition != "" && !id.Ignition.Valid() {
		bad("ignition", errNoKID)
	}
	seen := map[string]bool{}
	for i, k := range id.Kernels {
		field := func(name string) string { return fmt.Sprintf("kernels[%d].%s", i, name) }
		if err := checkName(k.Name); err != nil {
			bad(field("name"), err)
		}
		if seen[k.Name] {
			bad(field("name"), fmt.Errorf("kernel %q is there twice", k.Name))
		}
		seen[k.Name] = true
		if lacks(k) == "" {
			if !k.Release.Valid() {
				bad(field("release"), errNoKID)
			}
			if k.ReleaseFormat != ophub.FormatRaw && k.ReleaseFormat != ophub.FormatZstd {
				bad(field("release_format"), fmt.Errorf("%q is unknown to this agent: want %s or %s", k.ReleaseFormat, ophub.FormatZstd, ophub.FormatRaw))
			}
		}
		for name, id := range map[string]string{"client_id": k.ClientID, "secret_id": k.SecretID} {
			if !isUUID(id) {
				bad(field(name), errors.New("no UUID"))
			}
		}
	}
	return errors.Join(errs...)
}

// lacks says what a kernel that the host shall serve does not have yet. The
// host registers all the same, and shows it in its record.
func lacks(k ophub.Attachment) string {
	switch {
	case k.Release == "":
		return "the kernel has no release of a Nomad client yet: the opserver stores one when it starts"
	case len(k.NomadServers) == 0:
		return "the opserver names no Nomad servers for the kernel"
	default:
		return ""
	}
}

// complete reports whether every kernel of an identity can be served.
func complete(id ophub.Identity) bool {
	return !slices.ContainsFunc(id.Kernels, func(k ophub.Attachment) bool { return lacks(k) != "" })
}

var errNoKID = errors.New("no KID: want K- and 64 hexadecimal digits")

// isUUID is what Nomad takes as a node's identity.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f':
		default:
			return false
		}
	}
	return true
}

// blobURL is where a blob of the keg is.
func blobURL(base string, kid keg.KID) string { return base + "/keg/" + string(kid) }
