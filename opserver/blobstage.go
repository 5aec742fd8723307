package opserver

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// noteBlobs publishes the stages linux and initrd when a machine has fetched that blob of its image in full.
func (s *Server) noteBlobs(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, lease, ok := s.hostAt(source(r))
		if !ok || r.Method != http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		blob := &wholeWriter{ResponseWriter: w}
		blob.whole = func(size int64) {
			image := s.images.bootingImage(lease.MAC, host.Image)
			stage, what := s.blobStage(r, image, keg.KID(r.PathValue("kid")))
			if stage == "" {
				return
			}
			s.stages.publish(host.Name, fmt.Sprintf("blob %s %v", what, r.PathValue("kid")), ophub.Event{
				Stage: stage, Detail: fmt.Sprintf("%s, %d bytes", what, size), MAC: lease.MAC, Address: lease.IP, Image: image,
			})
		}
		next.ServeHTTP(blob, r)
		if blob.status >= http.StatusBadRequest {
			s.noteNoBlob(r, host, lease, blob.status)
		}
	})
}

// noteNoBlob publishes that a machine did not get a part of its image, at the stage that it has reached, which is the one
// before: what it says of that itself is on its console only.
func (s *Server) noteNoBlob(r *http.Request, host ophub.Host, lease ophub.Lease, status int) {
	image := s.images.bootingImage(lease.MAC, host.Image)
	stage, what := s.blobStage(r, image, keg.KID(r.PathValue("kid")))
	reached := map[ophub.Stage]ophub.Stage{ophub.StageLinux: ophub.StageBootScript, ophub.StageInitrd: ophub.StageLinux}[stage]
	if reached == "" {
		return
	}
	detail := fmt.Sprintf("%s was asked for and not sent: %d %s", what, status, http.StatusText(status))
	if status == http.StatusNotFound {
		detail = what + " is not in the keg: apply again to store it"
	}
	s.stages.publish(host.Name, "no blob "+detail, ophub.Event{Stage: reached, Detail: detail, MAC: lease.MAC, Address: lease.IP, Image: image})
}

// blobStage says which part of an image a blob is.
func (s *Server) blobStage(r *http.Request, image, blob keg.KID) (ophub.Stage, string) {
	if image == "" {
		return "", ""
	}
	manifest, err := s.images.manifest(r.Context(), image)
	if err != nil {
		return "", ""
	}
	if blob == manifest.Linux {
		return ophub.StageLinux, "linux " + manifest.LinuxRelease
	}
	if i := slices.Index(manifest.Initrd, blob); i >= 0 {
		return ophub.StageInitrd, fmt.Sprintf("initrd %d of %d", i+1, len(manifest.Initrd))
	}
	return "", ""
}

// wholeWriter tells when a file has gone out whole: just before its last byte, so that what the client does next is
// told after it. Parts of a file and errors are not told.
type wholeWriter struct {
	http.ResponseWriter
	whole  func(size int64)
	status int
	sent   int64
}

// WriteHeader notes whether this is a file.
func (w *wholeWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Write sends p, the last byte apart if it is the file's last.
func (w *wholeWriter) Write(p []byte) (int, error) {
	size, completes := w.completes(int64(len(p)))
	if !completes {
		n, err := w.ResponseWriter.Write(p)
		w.sent += int64(n)
		return n, err
	}
	n, err := w.ResponseWriter.Write(p[:len(p)-1])
	w.sent += int64(n)
	if err != nil {
		return n, err
	}
	w.whole(size)
	last, err := w.ResponseWriter.Write(p[len(p)-1:])
	w.sent += int64(last)
	return n + last, err
}

// ReadFrom lets a file go to a socket without a copy through here. The file's rest comes as an io.LimitedReader, as
// http.ServeContent sends it; that type has to reach the socket for it.
func (w *wholeWriter) ReadFrom(r io.Reader) (int64, error) {
	rest, ok := r.(*io.LimitedReader)
	if !ok {
		return io.Copy(struct{ io.Writer }{w}, r)
	}
	size, completes := w.completes(rest.N)
	if completes {
		rest.N--
	}
	n, err := io.Copy(w.ResponseWriter, rest)
	w.sent += n
	if err != nil || !completes || rest.N > 0 {
		return n, err
	}
	w.whole(size)
	rest.N = 1
	last, err := io.Copy(w.ResponseWriter, rest)
	w.sent += last
	return n + last, err
}

// Unwrap is for http.ResponseController.
func (w *wholeWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// completes says whether n more bytes make the whole file, and its size.
func (w *wholeWriter) completes(n int64) (size int64, ok bool) {
	if n == 0 || w.status != 0 && w.status != http.StatusOK {
		return 0, false
	}
	size, err := strconv.ParseInt(w.Header().Get("Content-Length"), 10, 64)
	return size, err == nil && w.sent+n == size
}
