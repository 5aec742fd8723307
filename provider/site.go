package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// errUnknownConfiguration is no fault: while planning, the provider's own
// configuration may depend on what is yet to be made. Who gets it leaves things
// as they are, or unknown.
var errUnknownConfiguration = errors.New("the provider's configuration is not known until other resources are applied")

// site is what one provider configuration knows: where everything is and who
// may touch it. One is made for each walk that Terraform does through its graph.
type site struct {
	version string
	options options
	log     *slog.Logger
	claims  *claims

	ophub, nomad, opserver endpoint
	kegURL                 string // where hosts reach the keg, if the user says so
	cacheDir               string
	cacheErr               error
	ahead                  *ahead // nil unless parts of a switch are made together

	credentials        map[string]credential
	credentialsUnknown bool
	switches           map[string]*device
	switchesUnknown    bool

	mu     sync.Mutex
	hub    *ophub.Hub
	engine *gridapp.Client
	run    string // see runID
	// idle asks, once a walk, which hosts of a node pool take no work; see withdrawn.
	idle map[string]func() ([]gridapp.Withdrawn, error)

	building sync.Mutex // images are built one at a time: each uses all processors
}

type endpoint struct {
	name, env      string
	address, token string
	unknown        bool
}

func (e endpoint) check() error {
	switch {
	case e.unknown:
		return errUnknownConfiguration
	case e.address == "":
		return fmt.Errorf("the provider does not know where the %s is: set %s.address in the provider block, or %s", e.name, e.name, e.env)
	}
	return nil
}

type credential struct {
	unknown                                        bool
	username, password, enablePassword, privateKey string
}

// ophubClient returns the client of the shared records.
func (s *site) ophubClient() (*ophub.Hub, error) {
	if s == nil {
		return nil, errUnknownConfiguration
	}
	if err := s.ophub.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hub == nil {
		hub, err := ophub.New(ophub.Config{Address: s.ophub.address, Token: s.ophub.token, Logger: s.log})
		if err != nil {
			return nil, fmt.Errorf("ophub at %s: %w", s.ophub.address, err)
		}
		s.hub = hub
	}
	return s.hub, nil
}

// gridappClient returns the client of the engine that runs gridapps.
func (s *site) gridappClient() (*gridapp.Client, error) {
	if s == nil {
		return nil, errUnknownConfiguration
	}
	if err := s.nomad.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.engine == nil {
		c, err := gridapp.New(gridapp.Config{Address: s.nomad.address, Token: s.nomad.token, Logger: s.log})
		if err != nil {
			return nil, fmt.Errorf("nomad at %s: %w", s.nomad.address, err)
		}
		s.engine = c
	}
	return s.engine, nil
}

// siteKeg returns the opserver's store, which hosts fetch from.
func (s *site) siteKeg() (*keg.Client, error) {
	if s == nil {
		return nil, errUnknownConfiguration
	}
	if err := s.opserver.check(); err != nil {
		return nil, err
	}
	return keg.NewClient(s.opserver.address, s.opserver.token, nil), nil
}

// localKeg returns the store on this machine, in which images are built.
func (s *site) localKeg() (*keg.Dir, error) {
	if s == nil {
		return nil, errUnknownConfiguration
	}
	if s.cacheErr != nil {
		return nil, s.cacheErr
	}
	return keg.OpenDir(filepath.Join(s.cacheDir, "keg"))
}

// bmc returns the management controller at address.
func (s *site) bmc(host, address, account string, suites []int) (*ipmi.BMC, error) {
	if s == nil {
		return nil, errUnknownConfiguration
	}
	c, err := s.credential(account)
	if err != nil {
		return nil, err
	}
	return ipmi.New(ipmi.Target{
		Name: host, Address: address,
		Username: c.username, Password: c.password,
		CipherSuites: suites, Logger: s.log,
	}), nil
}

// device returns the switch of that name.
func (s *site) device(name string) (*device, error) {
	if s == nil || s.switchesUnknown {
		return nil, errUnknownConfiguration
	}
	d, ok := s.switches[name]
	if !ok {
		return nil, &unknownSwitchError{name: name, have: keys(s.switches)}
	}
	if d.err != nil {
		return nil, d.err
	}
	return d, nil
}

type unknownSwitchError struct {
	name string
	have []string
}

func (e *unknownSwitchError) Error() string {
	return fmt.Sprintf("the provider's switches have no %q; there is %s. Add an entry that tells how to reach it.", e.name, list(e.have))
}

// resourceBase is what all resources share: the site.
type resourceBase struct{ site *site }

func (r *resourceBase) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.site = siteOf(req.ProviderData, &resp.Diagnostics)
}

// dataSourceBase is what all data sources share: the site.
type dataSourceBase struct{ site *site }

func (d *dataSourceBase) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.site = siteOf(req.ProviderData, &resp.Diagnostics)
}

// siteOf returns nil before the provider is configured, which every method of
// site takes for "unknown".
func siteOf(data any, diags *diag.Diagnostics) *site {
	if data == nil {
		return nil
	}
	s, ok := data.(*site)
	if !ok {
		diags.AddError("Provider data of another kind", fmt.Sprintf("This is a fault of the provider: it handed over a %T.", data))
	}
	return s
}

// asGiven reads objects whose parts may be null or unknown: the models hold
// types that can say so.
var asGiven = basetypes.ObjectAsOptions{}
