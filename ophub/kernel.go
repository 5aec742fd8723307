package ophub

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/hashicorp/consul/api"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// Formats in which a release is stored in the keg.
const (
	FormatRaw  = "raw"
	FormatZstd = "zstd"
)

// Kernel is the record of a compute domain that hosts attach to.
type Kernel struct {
	Name        string `json:"name"`
	Namespace   string `json:"namespace"`
	NodePool    string `json:"node_pool"`
	Description string `json:"description,omitempty"`
	// AgentRelease is the Nomad client that hosts run for this kernel.
	AgentRelease  keg.KID `json:"agent_release,omitempty"`
	ReleaseFormat string  `json:"release_format,omitempty"` // FormatZstd or FormatRaw
}

// Validate checks the record by itself and returns the first *InvalidError.
func (k Kernel) Validate() error {
	if err := checkName("kernel", k.Name); err != nil {
		return err
	}
	bad := func(field, problem string) error {
		return &InvalidError{Kind: "kernel", Name: k.Name, Field: field, Problem: problem}
	}
	switch {
	case k.Namespace == "":
		return bad("namespace", "is empty")
	case k.NodePool == "":
		return bad("node_pool", "is empty")
	case k.AgentRelease != "" && !k.AgentRelease.Valid():
		return bad("agent_release", "is not a KID")
	case k.AgentRelease != "" && !knownFormat(k.ReleaseFormat):
		return bad("release_format", "want "+FormatRaw+" or "+FormatZstd)
	}
	return nil
}

func knownFormat(s string) bool { return s == FormatRaw || s == FormatZstd }

// PutKernel stores the record of a kernel in the place of the one before.
func (h *Hub) PutKernel(ctx context.Context, kernel Kernel) error {
	if err := kernel.Validate(); err != nil {
		return err
	}
	return h.put(ctx, kindKernel, kernel.Name, kernel)
}

// Kernel returns the record of the kernel of that name, or ErrNotFound.
func (h *Hub) Kernel(ctx context.Context, name string) (Kernel, error) {
	kernel, _, err := get[Kernel](ctx, h, kindKernel, name)
	return kernel, err
}

// Kernels returns all kernel records, ordered by name.
func (h *Hub) Kernels(ctx context.Context) ([]Kernel, error) {
	return list[Kernel](ctx, h, kindKernel)
}

// DeleteKernel removes a kernel's record. It is an *InUseError while hosts name
// the kernel. No record is no error.
func (h *Hub) DeleteKernel(ctx context.Context, name string) error {
	what := "delete kernel " + name
	return h.retry(ctx, what, func() (bool, error) {
		_, index, err := get[Kernel](ctx, h, kindKernel, name)
		if errors.Is(err, ErrNotFound) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		// The use is read before the hosts: a host that is attached after that
		// changes it, and the transaction fails.
		useKey := h.key(kindClaim, kernelUse(name))
		found, err := h.getAll(ctx, what, []string{useKey})
		if err != nil {
			return false, err
		}
		hosts, err := h.Hosts(ctx)
		if err != nil {
			return false, err
		}
		var users []string
		for _, host := range hosts {
			if slices.Contains(host.Kernels, name) {
				users = append(users, host.Name)
			}
		}
		if len(users) > 0 {
			return false, &InUseError{Kernel: name, Hosts: users}
		}
		ops := api.TxnOps{kvOp(api.KVTxnOp{Verb: api.KVDeleteCAS, Key: h.key(kindKernel, name), Index: index})}
		if use := found[useKey]; use != nil {
			ops = append(ops, kvOp(api.KVTxnOp{Verb: api.KVDeleteCAS, Key: useKey, Index: use.ModifyIndex}))
		} else {
			ops = append(ops, kvOp(api.KVTxnOp{Verb: api.KVCheckNotExists, Key: useKey}))
		}
		done, _, err := h.transact(ctx, what, ops)
		return done, err
	})
}

// Release is a program that hosts download from the keg, like "nomad".
type Release struct {
	Name    string  `json:"name"`
	Version string  `json:"version"`
	KID     keg.KID `json:"kid"` // of the blob as it is stored, compressed or not
	Format  string  `json:"format"`
}

// Validate checks the record by itself and returns the first *InvalidError.
func (r Release) Validate() error {
	if err := checkName("release", r.Name); err != nil {
		return err
	}
	bad := func(field, problem string) error {
		return &InvalidError{Kind: "release", Name: r.Name, Field: field, Problem: problem}
	}
	switch {
	case strings.TrimSpace(r.Version) == "":
		return bad("version", "is empty")
	case !r.KID.Valid():
		return bad("kid", "is not a KID")
	case !knownFormat(r.Format):
		return bad("format", "want "+FormatRaw+" or "+FormatZstd)
	}
	return nil
}

// PutRelease stores the record of a release in the place of the one before.
func (h *Hub) PutRelease(ctx context.Context, release Release) error {
	if err := release.Validate(); err != nil {
		return err
	}
	return h.put(ctx, kindRelease, release.Name, release)
}

// Release returns the current release of that name, or ErrNotFound.
func (h *Hub) Release(ctx context.Context, name string) (Release, error) {
	release, _, err := get[Release](ctx, h, kindRelease, name)
	return release, err
}

// Releases returns all releases, ordered by name.
func (h *Hub) Releases(ctx context.Context) ([]Release, error) {
	return list[Release](ctx, h, kindRelease)
}
