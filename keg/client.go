package keg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// Client is the Store behind an opserver. Without a token it can only read.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// NewClient returns a Store that speaks to the keg at base, such as
// "http://10.20.0.1:8470". A nil hc means http.DefaultClient. Deadlines are the
// caller's, by context: a blob may be large.
func NewClient(base, token string, hc *http.Client) *Client {
	if hc == nil {
		hc = http.DefaultClient
	}
	return &Client{base: strings.TrimRight(base, "/"), token: token, http: hc}
}

// URL returns where a blob is served.
func (c *Client) URL(kid KID) string { return c.base + "/keg/" + string(kid) }

// Put implements Store. A reader that cannot seek is spooled to a temporary
// file, since the name is asked for before any byte is sent.
func (c *Client) Put(ctx context.Context, r io.Reader) (KID, int64, error) {
	rs, ok := r.(io.ReadSeeker)
	if !ok {
		f, err := spool(ctx, r)
		if err != nil {
			return "", 0, fmt.Errorf("keg: put to %s: %w", c.base, err)
		}
		defer f.Close()
		rs = f
	}
	start, err := rs.Seek(0, io.SeekCurrent)
	if err != nil {
		return "", 0, fmt.Errorf("keg: put to %s: %w", c.base, err)
	}
	h := NewHasher()
	size, err := io.Copy(h, readerContext{ctx, rs})
	if err != nil {
		return "", 0, fmt.Errorf("keg: put to %s: %w", c.base, err)
	}
	kid := h.KID()
	if has, err := c.Has(ctx, kid); err != nil || has {
		return kid, size, err
	}
	if _, err := rs.Seek(start, io.SeekStart); err != nil {
		return "", 0, fmt.Errorf("keg: put to %s: %w", c.base, err)
	}
	if err := c.upload(ctx, kid, rs, size); err != nil {
		return "", 0, err
	}
	return kid, size, nil
}

// spool copies r to a file that has no name any more, so that it is gone when
// it is closed, even by a crash.
func spool(ctx context.Context, r io.Reader) (_ *os.File, err error) {
	f, err := os.CreateTemp("", "cthulix-keg-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	if err := os.Remove(f.Name()); err != nil {
		return nil, err
	}
	if _, err := io.Copy(f, readerContext{ctx, r}); err != nil {
		return nil, err
	}
	_, err = f.Seek(0, io.SeekStart)
	return f, err
}

func (c *Client) upload(ctx context.Context, kid KID, r io.Reader, size int64) error {
	// The transport may close the body; the reader is the caller's.
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, c.URL(kid), io.NopCloser(r))
	if err != nil {
		return fmt.Errorf("keg: put %s: %w", kid.Short(), err)
	}
	req.ContentLength = size
	if size == 0 {
		req.Body = http.NoBody
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("keg: put %s: %w", kid.Short(), err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusNoContent:
		return nil
	case http.StatusUnauthorized:
		return fmt.Errorf("keg: put %s to %s: %w", kid.Short(), c.base, ErrUnauthorized)
	}
	return fmt.Errorf("keg: put %s to %s: %w", kid.Short(), c.base, answer(resp))
}

// ErrUnauthorized says that the opserver wants another operator token.
var ErrUnauthorized = errors.New("the opserver refused the operator token: check the provider's opserver token")

// answer turns an unexpected reply into an error with what it said.
func answer(resp *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
	if s := strings.TrimSpace(string(text)); s != "" {
		return fmt.Errorf("the server answered %s: %q", resp.Status, s)
	}
	return fmt.Errorf("the server answered %s", resp.Status)
}

// Has implements Store.
func (c *Client) Has(ctx context.Context, kid KID) (bool, error) {
	_, err := c.head(ctx, kid)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (c *Client) head(ctx context.Context, kid KID) (int64, error) {
	if _, err := Parse(string(kid)); err != nil {
		return 0, fmt.Errorf("keg: look for a blob: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, c.URL(kid), nil)
	if err != nil {
		return 0, fmt.Errorf("keg: look for %s: %w", kid.Short(), err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, fmt.Errorf("keg: look for %s: %w", kid.Short(), err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return 0, fmt.Errorf("keg: look for %s at %s: %w", kid.Short(), c.base, ErrNotFound)
	case resp.StatusCode != http.StatusOK:
		return 0, fmt.Errorf("keg: look for %s at %s: %w", kid.Short(), c.base, answer(resp))
	case resp.ContentLength < 0:
		return 0, fmt.Errorf("keg: look for %s at %s: the server does not say how large it is", kid.Short(), c.base)
	}
	return resp.ContentLength, nil
}

// Open implements Store. Bytes that are read from the start to the end without
// a jump are checked: instead of io.EOF the reader then gets a *MismatchError
// if they are not what the name says.
func (c *Client) Open(ctx context.Context, kid KID) (io.ReadSeekCloser, int64, error) {
	size, err := c.head(ctx, kid)
	if err != nil {
		return nil, 0, err
	}
	return &remoteBlob{ctx: ctx, c: c, kid: kid, size: size, check: NewHasher()}, size, nil
}
