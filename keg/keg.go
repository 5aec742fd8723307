// Package keg is a content-addressed store: blobs that are named by what is in
// them. A blob's name is its KID, "K-" and the hex of its SHA-256, so whoever
// holds a KID can check what was handed over, whichever way it came.
//
// Dir keeps blobs on a disk, Handler and OperatorHandler serve a Store over
// HTTP, and Client is a Store at the other end of such a server.
package keg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// KID names a thing by its content: "K-" and the 64 lower-case hex digits of
// its SHA-256. The zero KID is no name at all.
type KID string

const (
	kidPrefix   = "K-"
	kidLength   = len(kidPrefix) + 2*sha256.Size
	shortLength = len(kidPrefix) + 12
)

// Sum returns the KID of b.
func Sum(b []byte) KID {
	sum := sha256.Sum256(b)
	return KID(kidPrefix + hex.EncodeToString(sum[:]))
}

// Parse checks that s is a whole KID. A short form is refused, since it does
// not say which content is meant.
func Parse(s string) (KID, error) {
	if !KID(s).Valid() {
		if len(s) > 80 {
			s = s[:80] + "…"
		}
		return "", fmt.Errorf("%q is not a KID: want %q and 64 lower-case hex digits", s, kidPrefix)
	}
	return KID(s), nil
}

// Valid reports whether k is a whole and well-formed KID.
func (k KID) Valid() bool {
	if len(k) != kidLength || k[:len(kidPrefix)] != kidPrefix {
		return false
	}
	for _, c := range []byte(k[len(kidPrefix):]) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Short returns the form that people are shown, with 12 hex digits. What is no
// KID comes back as it is.
func (k KID) Short() string {
	if !k.Valid() {
		return string(k)
	}
	return string(k[:shortLength])
}

// String returns k whole.
func (k KID) String() string { return string(k) }

// Hex returns the SHA-256 alone, as tools outside of Cthulix want it, or ""
// for what is no KID.
func (k KID) Hex() string {
	if !k.Valid() {
		return ""
	}
	return string(k[len(kidPrefix):])
}

// Hasher works out the KID of what is written to it.
type Hasher struct{ h hash.Hash }

// NewHasher returns a Hasher that has seen nothing yet.
func NewHasher() *Hasher { return &Hasher{h: sha256.New()} }

// Write adds p to what is named. It never fails.
func (h *Hasher) Write(p []byte) (int, error) { return h.h.Write(p) }

// KID returns the name of all that was written so far.
func (h *Hasher) KID() KID { return KID(kidPrefix + hex.EncodeToString(h.h.Sum(nil))) }

// Store holds blobs under their KIDs. All methods may be called concurrently.
type Store interface {
	// Put stores what r yields and returns its name and size. Storing what is
	// there already is no error.
	Put(ctx context.Context, r io.Reader) (KID, int64, error)
	// Open returns the blob and its size, or an error that wraps ErrNotFound.
	Open(ctx context.Context, kid KID) (io.ReadSeekCloser, int64, error)
	// Has reports whether the blob is there.
	Has(ctx context.Context, kid KID) (bool, error)
}

// ErrNotFound says that a store has no blob of that name.
var ErrNotFound = errors.New("no such blob in the keg")

// MismatchError says that bytes came under a name which is not theirs.
type MismatchError struct{ Want, Got KID }

// Error implements error.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("the bytes are %s, not %s: they were damaged or swapped on the way", e.Got.Short(), e.Want.Short())
}

// ReadAll returns a whole blob of at most limit bytes, checked against its
// name. It is for manifests and the like; stream what is large.
func ReadAll(ctx context.Context, s Store, kid KID, limit int64) ([]byte, error) {
	f, size, err := s.Open(ctx, kid)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > limit {
		return nil, fmt.Errorf("keg: %s has %d bytes, more than the %d that are expected of it at most", kid.Short(), size, limit)
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("keg: read %s: %w", kid.Short(), err)
	}
	if got := Sum(b); got != kid {
		return nil, fmt.Errorf("keg: read %s: %w", kid.Short(), &MismatchError{Want: kid, Got: got})
	}
	return b, nil
}

// readerContext makes reads end once ctx does, between two reads.
type readerContext struct {
	ctx context.Context
	r   io.Reader
}

func (r readerContext) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
