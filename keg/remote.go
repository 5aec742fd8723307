package keg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// remoteBlob reads a blob over HTTP. A seek costs nothing until the next read,
// which asks for the rest from there.
type remoteBlob struct {
	ctx   context.Context
	c     *Client
	kid   KID
	size  int64
	at    int64
	body  io.ReadCloser
	check *Hasher // nil once a jump has made checking impossible
	seen  int64   // how much of the start went into check
}

// Read implements io.Reader.
func (b *remoteBlob) Read(p []byte) (int, error) {
	if b.at >= b.size {
		return 0, b.end()
	}
	if len(p) == 0 {
		return 0, nil
	}
	if b.body == nil {
		if err := b.request(); err != nil {
			return 0, err
		}
	}
	n, err := b.body.Read(p[:min(int64(len(p)), b.size-b.at)])
	b.hash(p[:n])
	b.at += int64(n)
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, fmt.Errorf("keg: read %s from %s: %w", b.kid.Short(), b.c.base, err)
	case b.at < b.size:
		return n, fmt.Errorf("keg: read %s from %s: %w after %d of %d bytes", b.kid.Short(), b.c.base, io.ErrUnexpectedEOF, b.at, b.size)
	case n > 0:
		return n, nil
	}
	return 0, b.end()
}

func (b *remoteBlob) hash(p []byte) {
	if b.check == nil {
		return
	}
	if b.seen != b.at {
		b.check = nil
		return
	}
	_, _ = b.check.Write(p)
	b.seen += int64(len(p))
}

func (b *remoteBlob) end() error {
	if b.check != nil && b.seen == b.size {
		if got := b.check.KID(); got != b.kid {
			return fmt.Errorf("keg: read %s from %s: %w", b.kid.Short(), b.c.base, &MismatchError{Want: b.kid, Got: got})
		}
	}
	return io.EOF
}

func (b *remoteBlob) request() error {
	req, err := http.NewRequestWithContext(b.ctx, http.MethodGet, b.c.URL(b.kid), nil)
	if err != nil {
		return fmt.Errorf("keg: read %s: %w", b.kid.Short(), err)
	}
	want := http.StatusOK
	if b.at > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", b.at))
		want = http.StatusPartialContent
	}
	resp, err := b.c.http.Do(req)
	if err != nil {
		return fmt.Errorf("keg: read %s: %w", b.kid.Short(), err)
	}
	if resp.StatusCode != want {
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusNotFound {
			return fmt.Errorf("keg: read %s from %s: %w", b.kid.Short(), b.c.base, ErrNotFound)
		}
		return fmt.Errorf("keg: read %s from %s: %w", b.kid.Short(), b.c.base, answer(resp))
	}
	b.body = resp.Body
	return nil
}

// Seek implements io.Seeker.
func (b *remoteBlob) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += b.at
	case io.SeekEnd:
		offset += b.size
	default:
		return 0, fmt.Errorf("keg: seek: whence %d is none of 0, 1, 2", whence)
	}
	if offset < 0 {
		return 0, fmt.Errorf("keg: seek: %d is before the start", offset)
	}
	if offset != b.at {
		_ = b.Close()
		b.at = offset
	}
	return offset, nil
}

// Close implements io.Closer.
func (b *remoteBlob) Close() error {
	if b.body == nil {
		return nil
	}
	err := b.body.Close()
	b.body = nil
	return err
}
