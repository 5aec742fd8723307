package opserver

import (
	"context"
	"sync"

	"github.com/cthulix/terraform-provider-cthulix/images"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

const maxManifests = 128

// imageCache keeps manifests that have been read, and remembers which image a machine was last told to boot. A
// manifest's name is its content, so it never changes.
type imageCache struct {
	store keg.Store

	mu        sync.Mutex
	manifests map[keg.KID]images.Manifest
	booting   map[string]keg.KID // by MAC
}

func (c *imageCache) manifest(ctx context.Context, image keg.KID) (images.Manifest, error) {
	c.mu.Lock()
	m, ok := c.manifests[image]
	c.mu.Unlock()
	if ok {
		return m, nil
	}
	m, err := images.LoadManifest(ctx, c.store, image)
	if err != nil {
		return images.Manifest{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.manifests == nil || len(c.manifests) >= maxManifests {
		c.manifests = map[keg.KID]images.Manifest{}
	}
	c.manifests[image] = m
	return m, nil
}

// told notes that a machine was told to boot an image.
func (c *imageCache) told(mac string, image keg.KID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.booting == nil {
		c.booting = map[string]keg.KID{}
	}
	c.booting[mac] = image
}

// bootingImage is what a machine was told to boot; otherwise, as after a restart of the server, what its record says.
func (c *imageCache) bootingImage(mac string, recorded keg.KID) keg.KID {
	c.mu.Lock()
	defer c.mu.Unlock()
	if image, ok := c.booting[mac]; ok {
		return image
	}
	return recorded
}
