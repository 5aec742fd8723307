package ophub

import (
	"context"

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

// PutKernel stores the record of a kernel.
func (h *Hub) PutKernel(ctx context.Context, kernel Kernel) error { return errUnbuilt }

// Kernel returns the record of the kernel of that name, or ErrNotFound.
func (h *Hub) Kernel(ctx context.Context, name string) (Kernel, error) { return Kernel{}, errUnbuilt }

// Kernels returns all kernel records, ordered by name.
func (h *Hub) Kernels(ctx context.Context) ([]Kernel, error) { return nil, errUnbuilt }

// DeleteKernel removes a kernel's record. It is a *InUseError while hosts name
// the kernel. No record is no error.
func (h *Hub) DeleteKernel(ctx context.Context, name string) error { return errUnbuilt }

// Release is a program that hosts download from the keg, like "nomad".
type Release struct {
	Name    string  `json:"name"`
	Version string  `json:"version"`
	KID     keg.KID `json:"kid"` // of the blob as it is stored, compressed or not
	Format  string  `json:"format"`
}

// PutRelease stores the record of a release in the place of the one before.
func (h *Hub) PutRelease(ctx context.Context, release Release) error { return errUnbuilt }

// Release returns the current release of that name, or ErrNotFound.
func (h *Hub) Release(ctx context.Context, name string) (Release, error) {
	return Release{}, errUnbuilt
}

// Releases returns all releases, ordered by name.
func (h *Hub) Releases(ctx context.Context) ([]Release, error) { return nil, errUnbuilt }
