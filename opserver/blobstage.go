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
		counted := &countingWriter{ResponseWriter: w}
		next.ServeHTTP(counted, r)
		size, err := strconv.ParseInt(w.Header().Get("Content-Length"), 10, 64)
		if err != nil || !counted.whole(size) {
			return
		}
		image := s.images.bootingImage(lease.MAC, host.Image)
		stage, what := s.blobStage(r, image, keg.KID(r.PathValue("kid")))
		if stage == "" {
			return
		}
		s.stages.publish(host.Name, fmt.Sprintf("blob %s %v", what, r.PathValue("kid")), ophub.Event{
			Stage: stage, Detail: fmt.Sprintf("%s, %d bytes", what, size), MAC: lease.MAC, Address: lease.IP, Image: image,
		})
	})
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

// countingWriter counts the body of an answer.
type countingWriter struct {
	http.ResponseWriter
	status int
	sent   int64
}

func (w *countingWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.sent += int64(n)
	return n, err
}

// ReadFrom lets a file go to a socket without a copy through here.
func (w *countingWriter) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.Copy(w.ResponseWriter, r)
	w.sent += n
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// whole says whether all of a file of size bytes went out.
func (w *countingWriter) whole(size int64) bool {
	return (w.status == 0 || w.status == http.StatusOK) && w.sent == size
}
