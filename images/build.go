package images

import (
	"context"
	"errors"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// BuildOptions says where Build works.
type BuildOptions struct {
	// Cache is a directory for packages and for what was made of them. It may
	// be shared by several processes, and be deleted at any time.
	Cache string
	// Keg takes the image.
	Keg keg.Store
	// Progress is told of each step as it begins. It may be nil.
	Progress func(stage string)
}

// Build makes the image that r describes, puts it into the keg, and returns its
// manifest and KID. The same inputs give the same KID.
func Build(ctx context.Context, r Recipe, o BuildOptions) (Manifest, keg.KID, error) {
	return Manifest{}, "", errors.New("images: building is not there yet")
}
