package images

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// ManifestFormat is the version of Manifest that this package writes.
const ManifestFormat = 1

// manifestLimit is far above any real manifest and far below a kernel, which
// somebody may name by mistake.
const manifestLimit = 1 << 20

// Manifest says what an image consists of. It lies in the keg beside the blobs
// that it names, and its own KID is the image's KID.
type Manifest struct {
	Format int    `json:"format"`
	Name   string `json:"name"`
	Arch   string `json:"arch"`
	// Linux is the kernel, LinuxRelease what `uname -r` will say.
	Linux        keg.KID `json:"linux"`
	LinuxRelease string  `json:"linux_release"`
	// Initrd lists the archives that make up the initramfs, in loading order.
	Initrd []keg.KID `json:"initrd"`
	// Ignition is the configuration that the host applies; empty if there is none.
	Ignition keg.KID `json:"ignition,omitempty"`
	// Args is the kernel command line of every host that boots the image.
	Args []string `json:"args"`
	// Modules are the kernel modules in the order in which they are loaded.
	Modules []string `json:"modules"`
	// Agentd is the binary that is /init.
	Agentd keg.KID `json:"agentd"`
	// Sources are the packages that the image was made of.
	Sources []Source `json:"sources"`
	// Size is that of all blobs together, in bytes.
	Size int64 `json:"size"`
}

// Source is one package or binary that went into an image.
type Source struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}

// Encode returns the manifest's canonical form: the bytes whose KID it has.
func (m Manifest) Encode() ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("images: encode the manifest of %s: %w", m.Name, err)
	}
	return buf.Bytes(), nil
}

// Blobs returns the KIDs of all that the manifest needs, each once, in the
// order in which a host fetches them.
func (m Manifest) Blobs() []keg.KID {
	var all []keg.KID
	seen := map[keg.KID]bool{"": true}
	for _, kid := range append(append([]keg.KID{m.Linux}, m.Initrd...), m.Ignition) {
		if !seen[kid] {
			seen[kid] = true
			all = append(all, kid)
		}
	}
	return all
}

// LoadManifest reads the manifest of an image. A blob that is something else is
// an error that says so.
func LoadManifest(ctx context.Context, s keg.Store, kid keg.KID) (Manifest, error) {
	b, err := keg.ReadAll(ctx, s, kid, manifestLimit)
	if err != nil {
		return Manifest{}, fmt.Errorf("images: load image %s: %w", kid.Short(), err)
	}
	m, err := decodeManifest(b)
	if err != nil {
		return Manifest{}, fmt.Errorf("images: load image %s: %w", kid.Short(), err)
	}
	return m, nil
}

func decodeManifest(b []byte) (Manifest, error) {
	var m Manifest
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return Manifest{}, fmt.Errorf("this is no image manifest: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return Manifest{}, fmt.Errorf("this is no image manifest: something follows it")
	}
	if m.Format != ManifestFormat {
		return Manifest{}, fmt.Errorf("the manifest has format %d, and this version reads %d: build the image anew", m.Format, ManifestFormat)
	}
	for _, kid := range append(m.Blobs(), m.Agentd) {
		if !kid.Valid() {
			return Manifest{}, fmt.Errorf("the manifest names %q, which is no KID", kid)
		}
	}
	if m.Linux == "" || len(m.Initrd) == 0 {
		return Manifest{}, fmt.Errorf("the manifest names no kernel or no initramfs")
	}
	return m, nil
}

// Push copies an image from one keg to another, the manifest last, so that an
// image whose manifest is there is whole. Blobs that are there are not sent.
// progress may be nil.
func Push(ctx context.Context, from, to keg.Store, kid keg.KID, progress func(stage string)) error {
	m, err := LoadManifest(ctx, from, kid)
	if err != nil {
		return err
	}
	for _, blob := range append(m.Blobs(), kid) {
		if err := pushBlob(ctx, from, to, blob, progress); err != nil {
			return fmt.Errorf("images: push %s (%s): %w", m.Name, kid.Short(), err)
		}
	}
	return nil
}

func pushBlob(ctx context.Context, from, to keg.Store, kid keg.KID, progress func(stage string)) error {
	has, err := to.Has(ctx, kid)
	if err != nil || has {
		return err
	}
	f, size, err := from.Open(ctx, kid)
	if err != nil {
		return err
	}
	defer f.Close()
	if progress != nil {
		progress(fmt.Sprintf("upload %s (%s)", kid.Short(), megabytes(size)))
	}
	got, _, err := to.Put(ctx, f)
	if err == nil && got != kid {
		err = &keg.MismatchError{Want: kid, Got: got}
	}
	return err
}

// megabytes writes a size as people read it.
func megabytes(n int64) string {
	if n < 1e5 {
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
