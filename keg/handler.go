package keg

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// Handler serves the blobs of s at /keg/{kid}, whole or in ranges, to anyone
// who knows their names. It changes nothing: it is what hosts see.
func Handler(s Store) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /keg/{kid}", func(w http.ResponseWriter, r *http.Request) { serveBlob(w, r, s) })
	return mux
}

// OperatorHandler is Handler and also takes blobs by PUT /keg/{kid} from who
// holds the bearer token. Bytes whose KID is another are refused. With an empty
// token every PUT is refused, rather than none.
func OperatorHandler(s Store, token string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", Handler(s))
	mux.HandleFunc("PUT /keg/{kid}", func(w http.ResponseWriter, r *http.Request) {
		if !authorized(r, token) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="cthulix operator"`)
			http.Error(w, "storing into the keg takes the operator's bearer token", http.StatusUnauthorized)
			return
		}
		takeBlob(w, r, s)
	})
	return mux
}

func serveBlob(w http.ResponseWriter, r *http.Request, s Store) {
	kid, err := Parse(r.PathValue("kid"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f, _, err := s.Open(r.Context(), kid)
	if errors.Is(err, ErrNotFound) {
		http.Error(w, "no blob "+kid.Short()+" in this keg", http.StatusNotFound)
		return
	}
	if err != nil {
		// The cause may name paths of this machine, which are no host's business.
		http.Error(w, "cannot read "+kid.Short()+" here: see the opserver's log", http.StatusInternalServerError)
		return
	}
	defer f.Close()
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("ETag", `"`+string(kid)+`"`)
	// What a KID names never changes.
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, f)
}

// expecter is a store that checks a name before it keeps the bytes.
type expecter interface {
	PutExpect(ctx context.Context, want KID, r io.Reader) (int64, error)
}

func takeBlob(w http.ResponseWriter, r *http.Request, s Store) {
	kid, err := Parse(r.PathValue("kid"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if e, ok := s.(expecter); ok {
		_, err = e.PutExpect(r.Context(), kid, r.Body)
	} else {
		// Such a store keeps wrong bytes under their own name, which harms nobody.
		var got KID
		if got, _, err = s.Put(r.Context(), r.Body); err == nil && got != kid {
			err = &MismatchError{Want: kid, Got: got}
		}
	}
	var mismatch *MismatchError
	switch {
	case errors.As(err, &mismatch):
		http.Error(w, mismatch.Error(), http.StatusUnprocessableEntity)
	case err != nil:
		http.Error(w, "cannot store "+kid.Short()+": "+err.Error(), http.StatusInternalServerError)
	default:
		w.WriteHeader(http.StatusCreated)
	}
}

// authorized compares digests, so that the time taken says nothing of the token.
func authorized(r *http.Request, token string) bool {
	given, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !found || token == "" {
		return false
	}
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
