package agentd

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// noise is text that does not compress away.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestReleaseIsDownloadedOnce(t *testing.T) {
	a, _ := networkAgent(t, time.Hour)
	program := noise(300_000)
	for _, format := range []string{ophub.FormatRaw, ophub.FormatZstd} {
		blob := program
		if format == ophub.FormatZstd {
			blob = zstdOf(t, string(program))
		}
		var gets atomic.Int32
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			gets.Add(1)
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(blob))
		}))
		defer s.Close()
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				path, err := a.releases.ensure(t.Context(), s.URL, keg.Sum(blob), format)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := os.ReadFile(path)
				if err != nil || !bytes.Equal(got, program) {
					t.Errorf("%s: %d bytes, %v", format, len(got), err)
				}
				if info, _ := os.Stat(path); info.Mode().Perm() != 0o755 {
					t.Errorf("%s: mode %s", format, info.Mode())
				}
			})
		}
		all.Wait()
		if n := gets.Load(); n != 1 {
			t.Errorf("%s: downloaded %d times", format, n)
		}
	}
}

// brokenKeg cuts each answer after some bytes, and serves ranges.
func brokenKeg(blob []byte, cut int, ranges *[]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		*ranges = append(*ranges, r.Header.Get("Range"))
		http.ServeContent(&cutter{w, cut}, r, "", time.Time{}, bytes.NewReader(blob))
	}
}

type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(b []byte) (int, error) {
	if len(b) > c.left {
		n, _ := c.ResponseWriter.Write(b[:c.left])
		c.left = 0
		return n, http.ErrAbortHandler
	}
	c.left -= len(b)
	return c.ResponseWriter.Write(b)
}

func TestDownloadGoesOnAfterABreak(t *testing.T) {
	a, _ := networkAgent(t, time.Hour)
	blob := noise(250_000)
	var ranges []string
	s := httptest.NewServer(brokenKeg(blob, 100_000, &ranges))
	defer s.Close()
	path, err := a.releases.ensure(t.Context(), s.URL, keg.Sum(blob), ophub.FormatRaw)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, blob) {
		t.Error("other bytes")
	}
	if got, want := strings.Join(ranges, " "), " bytes=100000- bytes=200000-"; got != want {
		t.Errorf("asked for %q, want %q", got, want)
	}
}

func TestDownloadThatCannotWork(t *testing.T) {
	blob := zstdOf(t, string(noise(5000)))
	for name, c := range map[string]struct {
		kid     keg.KID
		format  string
		handler http.HandlerFunc
		want    string
	}{
		"other bytes": {keg.Sum([]byte("x")), ophub.FormatRaw, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(blob) }, "other bytes than asked for"},
		"bytes after the frame": {keg.Sum(blob), ophub.FormatZstd, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(append(bytes.Clone(blob), zstdOf(t, "more")...))
		}, "other bytes than asked for"},
		"no zstd":   {keg.Sum(blob), ophub.FormatZstd, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("plain text")) }, "decompress"},
		"not there": {keg.Sum(blob), ophub.FormatRaw, http.NotFound, "404 Not Found"},
		"no ranges": {keg.Sum(blob), ophub.FormatRaw, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write(blob)
		}, "200 OK"},
		"down": {keg.Sum(blob), ophub.FormatRaw, func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "try\nlater", http.StatusBadGateway)
		}, "502 Bad Gateway: try later"},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := networkAgent(t, time.Hour)
			s := httptest.NewServer(c.handler)
			defer s.Close()
			_, err := a.releases.ensure(t.Context(), s.URL, c.kid, c.format)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.kid.Short()) {
				t.Errorf("got %v\nwant %q", err, c.want)
			}
			left, _ := filepath.Glob(a.path(stateDir) + "/releases/*")
			if len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

func TestDownloadEndsWithItsContext(t *testing.T) {
	a, _ := networkAgent(t, time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("begin"))
		_ = http.NewResponseController(w).Flush()
		cancel()
		<-r.Context().Done()
	}))
	defer s.Close()
	if _, err := a.releases.ensure(ctx, s.URL, keg.Sum(nil), ophub.FormatRaw); err == nil {
		t.Error("no error")
	}
}
