package agentd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// releases keeps the programs that the agent has downloaded, one a KID.
type releases struct {
	agent *agent
	mu    sync.Mutex
	locks map[keg.KID]*sync.Mutex
}

// ensure returns the path of a release, downloading it first where it is not
// there. Two kernels with the same release download it once.
func (r *releases) ensure(ctx context.Context, base string, kid keg.KID, format string) (string, error) {
	r.mu.Lock()
	if r.locks == nil {
		r.locks = map[keg.KID]*sync.Mutex{}
	}
	lock := r.locks[kid]
	if lock == nil {
		lock = new(sync.Mutex)
		r.locks[kid] = lock
	}
	r.mu.Unlock()

	lock.Lock()
	defer lock.Unlock()
	path := r.agent.path(filepath.Join(stateDir, "releases", string(kid)))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	start := time.Now()
	size, err := r.agent.download(ctx, blobURL(base, kid), kid, format, path)
	if err != nil {
		return "", fmt.Errorf("download release %s: %w", kid.Short(), err)
	}
	r.agent.log.Info("downloaded", "release", kid.Short(), "mib", size>>20, "seconds", seconds(time.Since(start)))
	return path, nil
}

// download streams a blob to a file and gives it its name only once the bytes
// proved to be those of its KID: nothing unverified can ever be started.
func (a *agent) download(ctx context.Context, url string, kid keg.KID, format, path string) (int64, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "partial-")
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name())
	defer file.Close()

	body := &resumingReader{ctx: ctx, client: a.cfg.HTTP, url: url, retry: a.backoff()}
	defer body.Close()
	hash := keg.NewHasher()
	in := io.TeeReader(body, hash)
	size, err := unpack(file, in, format)
	if err == nil {
		// What a decompressor leaves unread belongs to the blob all the same.
		_, err = io.Copy(io.Discard, in)
	}
	if err != nil {
		return 0, err
	}
	if got := hash.KID(); got != kid {
		return 0, fmt.Errorf("%s served other bytes than asked for: they are %s", url, got.Short())
	}
	if err := file.Chmod(0o755); err != nil {
		return 0, err
	}
	if err := file.Close(); err != nil {
		return 0, err
	}
	return size, os.Rename(file.Name(), path)
}

func unpack(w io.Writer, r io.Reader, format string) (int64, error) {
	if format == ophub.FormatRaw {
		return io.Copy(w, r)
	}
	// Memory is bounded, since these bytes are not verified yet.
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(32<<20))
	if err != nil {
		return 0, err
	}
	defer z.Close()
	n, err := io.Copy(w, z)
	if err != nil {
		return n, fmt.Errorf("decompress: %w", err)
	}
	return n, nil
}

// resumingReader reads a blob over HTTP and goes on where it was when a
// connection breaks. It gives up when several connections in a row bring
// nothing.
type resumingReader struct {
	ctx    context.Context
	client *http.Client
	url    string
	retry  *backoff

	body   io.ReadCloser
	cancel context.CancelFunc
	offset int64
	total  int64 // -1 when unknown
	fails  int
	ended  bool
}

// A connection is taken as dead when it brings nothing for idleTimeout.
const (
	idleTimeout = 20 * time.Second
	maxFails    = 5
)

func (r *resumingReader) Read(p []byte) (int, error) {
	for {
		if r.ended {
			return 0, io.EOF
		}
		if r.body == nil {
			if err := r.open(); err != nil {
				if err := r.failed(err); err != nil {
					return 0, err
				}
				continue
			}
		}
		idle := time.AfterFunc(idleTimeout, r.cancel)
		n, err := r.body.Read(p)
		idle.Stop()
		r.offset += int64(n)
		if n > 0 {
			r.fails = 0
			r.retry.reset()
			return n, nil
		}
		if err == nil {
			continue
		}
		r.Close()
		if err == io.EOF && (r.total < 0 || r.offset == r.total) {
			r.ended = true
			continue
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err := r.failed(fmt.Errorf("GET %s, at byte %d: %w", r.url, r.offset, err)); err != nil {
			return 0, err
		}
	}
}

// failed decides whether to go on after an error.
func (r *resumingReader) failed(err error) error {
	r.fails++
	if code := statusCode(err); r.ctx.Err() != nil || r.fails >= maxFails || code/100 == 4 {
		return err
	}
	return r.retry.wait(r.ctx)
}

func (r *resumingReader) open() error {
	ctx, cancel := context.WithCancel(r.ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		cancel()
		return err
	}
	want := http.StatusOK
	if r.offset > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(r.offset, 10)+"-")
		want = http.StatusPartialContent
	}
	start := time.AfterFunc(idleTimeout, cancel)
	resp, err := r.client.Do(req)
	start.Stop()
	if err != nil {
		cancel()
		return err
	}
	if resp.StatusCode != want {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxShown))
		resp.Body.Close()
		cancel()
		return &StatusError{Method: http.MethodGet, URL: r.url, Code: resp.StatusCode, Text: shorten(string(text), maxShown)}
	}
	if r.offset == 0 {
		r.total = resp.ContentLength
	}
	r.body, r.cancel = resp.Body, cancel
	return nil
}

// Close ends the connection that is open.
func (r *resumingReader) Close() error {
	if r.body == nil {
		return nil
	}
	err := r.body.Close()
	r.cancel()
	r.body = nil
	return err
}

// fetchSmall reads a small blob and verifies it.
func (a *agent) fetchSmall(ctx context.Context, url string, kid keg.KID) ([]byte, error) {
	body := &resumingReader{ctx: ctx, client: a.cfg.HTTP, url: url, retry: a.backoff()}
	defer body.Close()
	b, err := io.ReadAll(io.LimitReader(body, maxSmall+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxSmall {
		return nil, fmt.Errorf("GET %s: more than %d MiB", url, maxSmall>>20)
	}
	if kid != "" && keg.Sum(b) != kid {
		return nil, errors.New(url + " served other bytes than asked for: they are " + keg.Sum(b).Short())
	}
	return b, nil
}

// maxSmall bounds what is read into memory at once.
const maxSmall = 16 << 20

// seconds shows a duration with one digit, as console lines do.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) }
