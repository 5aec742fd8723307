package keg_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

const token = "an-operators-token"

// served is a keg behind an operator's listener, with a count of the uploads.
type served struct {
	*httptest.Server
	dir     *keg.Dir
	uploads atomic.Int32
}

func serve(t *testing.T) *served {
	t.Helper()
	s := &served{dir: openDir(t)}
	inner := keg.OperatorHandler(s.dir, token)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			s.uploads.Add(1)
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func request(t *testing.T, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func TestHandlerServesAndNeverTakes(t *testing.T) {
	d := openDir(t)
	kid, _, err := d.Put(t.Context(), strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(keg.Handler(d))
	defer srv.Close()
	at := func(kid keg.KID) string { return srv.URL + "/keg/" + string(kid) }

	resp, body := request(t, "GET", at(kid), "")
	if resp.StatusCode != http.StatusOK || body != "hello" || resp.ContentLength != 5 {
		t.Errorf("GET: %s %q, %d bytes announced", resp.Status, body, resp.ContentLength)
	}
	if resp.Header.Get("ETag") != `"`+string(kid)+`"` || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("headers: %v", resp.Header)
	}
	if resp, body := request(t, "HEAD", at(kid), ""); resp.StatusCode != http.StatusOK || body != "" || resp.ContentLength != 5 {
		t.Errorf("HEAD: %s %q", resp.Status, body)
	}
	if resp, body := request(t, "GET", at(kid), "", "Range", "bytes=1-3"); resp.StatusCode != http.StatusPartialContent || body != "ell" {
		t.Errorf("GET of a range: %s %q", resp.Status, body)
	}
	for _, c := range []struct {
		method string
		kid    keg.KID
		want   int
	}{
		{"GET", emptyKID, 404}, {"HEAD", emptyKID, 404}, {"GET", "K-1", 400},
		{"GET", "..%2f..%2fetc%2fpasswd", 400}, {"PUT", kid, 405}, {"DELETE", kid, 405}, {"POST", kid, 405},
	} {
		if resp, _ := request(t, c.method, at(c.kid), "x", "Authorization", "Bearer "+token); resp.StatusCode != c.want {
			t.Errorf("%s %s: %s, want %d", c.method, c.kid, resp.Status, c.want)
		}
	}
}

func TestOperatorHandlerTakesOnlyTheRightBytesFromTheRightPerson(t *testing.T) {
	s := serve(t)
	kid := keg.Sum([]byte("right"))
	url := s.URL + "/keg/" + string(kid)
	for _, c := range []struct {
		name, body, auth string
		want             int
	}{
		{"no token", "right", "", 401},
		{"another token", "right", "Bearer wrong", 401},
		{"another scheme", "right", "Basic " + token, 401},
		{"wrong bytes", "wrong", "Bearer " + token, 422},
		{"right", "right", "Bearer " + token, 201},
		{"again", "right", "Bearer " + token, 201},
	} {
		resp, text := request(t, "PUT", url, c.body, "Authorization", c.auth)
		if resp.StatusCode != c.want || strings.Contains(text, token) {
			t.Errorf("%s: %s %q, want %d", c.name, resp.Status, text, c.want)
		}
		if has, err := s.dir.Has(t.Context(), kid); err != nil || has != (c.want == 201) {
			t.Errorf("%s: the keg has it: %v, %v", c.name, has, err)
		}
	}
	if resp, _ := request(t, "PUT", s.URL+"/keg/K-1", "x", "Authorization", "Bearer "+token); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a malformed name: %s", resp.Status)
	}
	if resp, body := request(t, "GET", url, ""); resp.StatusCode != http.StatusOK || body != "right" {
		t.Errorf("reading takes a token: %s %q", resp.Status, body)
	}
	locked := httptest.NewServer(keg.OperatorHandler(s.dir, ""))
	defer locked.Close()
	if resp, _ := request(t, "PUT", locked.URL+"/keg/"+string(kid), "right", "Authorization", "Bearer "); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a configured token: %s", resp.Status)
	}
}

func TestClient(t *testing.T) {
	s := serve(t)
	c := keg.NewClient(s.URL+"/", token, nil)
	large := strings.Repeat("0123456789", 100_000)
	for name, r := range map[string]func() io.Reader{
		"seekable": func() io.Reader { return strings.NewReader(large) },
		"stream":   func() io.Reader { return io.MultiReader(strings.NewReader(large)) },
	} {
		kid, n, err := c.Put(t.Context(), r())
		if err != nil || kid != keg.Sum([]byte(large)) || n != int64(len(large)) {
			t.Fatalf("%s: Put = %s, %d, %v", name, kid, n, err)
		}
	}
	if n := s.uploads.Load(); n != 1 {
		t.Errorf("%d uploads of one blob", n)
	}
	if kid, _, err := c.Put(t.Context(), strings.NewReader("")); err != nil || kid != emptyKID {
		t.Errorf("the empty blob: %s, %v", kid, err)
	}
	if has, err := c.Has(t.Context(), keg.Sum([]byte("absent"))); err != nil || has {
		t.Errorf("Has of a missing blob = %v, %v", has, err)
	}
	if _, _, err := c.Open(t.Context(), keg.Sum([]byte("absent"))); !errors.Is(err, keg.ErrNotFound) {
		t.Errorf("Open of a missing blob: %v", err)
	}
	if got := read(t, c, keg.Sum([]byte(large))); string(got) != large {
		t.Errorf("read back %d bytes that differ", len(got))
	}
	_, _, err := keg.NewClient(s.URL, "wrong", nil).Put(t.Context(), strings.NewReader("secret matter"))
	if !errors.Is(err, keg.ErrUnauthorized) {
		t.Errorf("a wrong token: %v", err)
	}
	s.Close()
	if _, err := c.Has(t.Context(), emptyKID); err == nil {
		t.Error("no server, and no error")
	}
}

func TestClientSeeks(t *testing.T) {
	s := serve(t)
	kid, _, err := s.dir.Put(t.Context(), strings.NewReader("0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	f, size, err := keg.NewClient(s.URL, "", nil).Open(t.Context(), kid)
	if err != nil || size != 10 {
		t.Fatalf("Open: %d, %v", size, err)
	}
	defer f.Close()
	for _, c := range []struct {
		offset int64
		whence int
		want   string
	}{{3, io.SeekStart, "3456"}, {1, io.SeekCurrent, "89"}, {-2, io.SeekEnd, "89"}, {0, io.SeekEnd, ""}, {0, io.SeekStart, "0123"}} {
		if _, err := f.Seek(c.offset, c.whence); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 4)
		n, err := io.ReadFull(f, buf)
		if got := string(buf[:n]); got != c.want || (err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF)) {
			t.Errorf("seek %d from %d: %q, %v; want %q", c.offset, c.whence, got, err, c.want)
		}
	}
	if _, err := f.Seek(-1, io.SeekStart); err == nil {
		t.Error("a seek to before the start")
	}
	if _, err := f.Seek(0, 9); err == nil {
		t.Error("a seek from nowhere")
	}
}

func TestClientNoticesDamage(t *testing.T) {
	kid := keg.Sum([]byte("0123456789"))
	cut := false
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		if r.Method == http.MethodHead {
			return
		}
		if cut {
			_, _ = io.WriteString(w, "01234")
			return
		}
		_, _ = io.WriteString(w, "swapped!!!")
	}))
	defer srv.Close()
	for _, cut = range []bool{false, true} {
		f, _, err := keg.NewClient(srv.URL, "", nil).Open(t.Context(), kid)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.ReadAll(f)
		var mismatch *keg.MismatchError
		if cut && !errors.Is(err, io.ErrUnexpectedEOF) || !cut && !errors.As(err, &mismatch) {
			t.Errorf("cut=%v: %v", cut, err)
		}
		_ = f.Close()
	}
}
