package images

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// layerFormat changes whenever the same inputs would give other bytes, so that
// nothing stale is found in a cache.
const layerFormat = 1

// layer is one archive of an initramfs. What changes rarely is kept apart from
// what changes often, so that little has to be built, stored and sent anew.
type layer struct {
	name string
	// inputs determine the bytes. Without any, nothing is remembered.
	inputs []string
	make   func() (tree, error)
}

// made is a layer that lies in the keg.
type made struct {
	KID  keg.KID `json:"kid"`
	Size int64   `json:"size"`
}

// put makes a layer, unless it was made before and the keg has it still.
func (b *builder) put(ctx context.Context, l layer) (made, error) {
	how := b.recipe.Compression
	key := digest(append([]string{"layer", fmt.Sprint(layerFormat), l.name, how}, l.inputs...)...)
	var m made
	if len(l.inputs) > 0 && recall(b.options.Cache, key, &m) && m.KID.Valid() {
		has, err := b.options.Keg.Has(ctx, m.KID)
		if err != nil || has {
			return m, err
		}
	}
	t, err := l.make()
	if err != nil {
		return made{}, err
	}
	if err := ctx.Err(); err != nil {
		return made{}, err
	}
	archive := t.archive()
	b.progress(fmt.Sprintf("compress the %s layer (%s)", l.name, megabytes(int64(len(archive)))))
	packed, err := compress(archive, how)
	if err != nil {
		return made{}, fmt.Errorf("images: compress the %s layer: %w", l.name, err)
	}
	m.KID, m.Size, err = b.options.Keg.Put(ctx, bytes.NewReader(packed))
	if err == nil {
		remember(b.options.Cache, key, m)
	}
	return m, err
}

// Walk calls each for every file of an image's initramfs, in the order in which
// Linux unpacks them: a later one of the same path replaces an earlier.
func Walk(ctx context.Context, s keg.Store, m Manifest, each func(Entry) error) error {
	for _, kid := range m.Initrd {
		if err := walkLayer(ctx, s, kid, each); err != nil {
			return fmt.Errorf("images: look into %s (%s): %w", m.Name, kid.Short(), err)
		}
	}
	return nil
}

func walkLayer(ctx context.Context, s keg.Store, kid keg.KID, each func(Entry) error) error {
	f, _, err := s.Open(ctx, kid)
	if err != nil {
		return err
	}
	defer f.Close()
	plain, err := decompress(contextReader{ctx, f})
	if err != nil {
		return err
	}
	defer plain.Close()
	return readCPIO(io.LimitReader(plain, packLimit), each)
}
