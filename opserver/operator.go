package opserver

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

//go:embed status.html
var statusPage string

var statusTemplate = template.Must(template.New("status").Funcs(template.FuncMap{
	"short": func(kid keg.KID) string { return kid.Short() },
	"ago": func(now, t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return now.Sub(t).Round(time.Second).String() + " ago"
	},
}).Parse(statusPage))

// operatorHandler is what the operator and the provider reach. Reading is open to whoever reaches the listener, and
// shows no secret; storing into the keg takes the token.
func (s *Server) operatorHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/keg/", keg.OperatorHandler(s.Keg, s.OperatorToken))
	mux.HandleFunc("GET /v1/hosts", s.serveHosts)
	mux.HandleFunc("GET /healthz", s.serveHealth)
	mux.HandleFunc("GET /{$}", s.servePage)
	return limited(mux)
}

func (s *Server) serveHosts(w http.ResponseWriter, r *http.Request) {
	status, err := s.Status(r.Context())
	if err != nil {
		s.Logger.Error("operator: status", "error", err)
		http.Error(w, "the records cannot be read: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(status); err != nil {
		s.Logger.Warn("operator: hosts not sent", "error", err)
	}
}

func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {
	status, err := s.Status(r.Context())
	if err != nil {
		s.Logger.Error("operator: status", "error", err)
		http.Error(w, "the records cannot be read: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	var page bytes.Buffer
	if err := statusTemplate.Execute(&page, status); err != nil {
		s.Logger.Error("operator: status page", "error", err)
		http.Error(w, "the page cannot be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	if _, err := page.WriteTo(w); err != nil {
		s.Logger.Debug("operator: page not sent", "error", err)
	}
}
