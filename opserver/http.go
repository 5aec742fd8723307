package opserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/images"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	// A blob's transfer may take this long: 100 MB at 1 Mbit/s.
	blobTime     = 15 * time.Minute
	answerTime   = 30 * time.Second
	maxStageBody = 4 << 10
	maxDetail    = 400
)

// hostHandler is what machines reach.
func (s *Server) hostHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathScript, s.serveScript)
	mux.HandleFunc("GET "+pathFirmware+"{name}", s.serveProgram)
	mux.Handle("GET /keg/{kid}", s.noteBlobs(keg.Handler(s.Keg)))
	mux.HandleFunc("GET /v1/identity", s.serveIdentity)
	mux.HandleFunc("GET /ignition", s.serveIgnition)
	mux.HandleFunc("POST /v1/stage", s.takeStage)
	mux.HandleFunc("POST /v1/discovered", s.takeDiscovered)
	mux.HandleFunc("GET /healthz", s.serveHealth)
	return limited(mux)
}

// limited bounds how long a request may take, so that a peer that stops reading does not hold a connection for ever.
func limited(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d := answerTime
		if strings.HasPrefix(r.URL.Path, "/keg/") {
			d = blobTime
		}
		deadline := time.Now().Add(d)
		control := http.NewResponseController(w)
		// A listener whose connections know no deadlines is served without.
		_ = control.SetReadDeadline(deadline)
		_ = control.SetWriteDeadline(deadline)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		h.ServeHTTP(w, r)
	})
}

// source is the address that a request comes from.
func source(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}

// macOf reads the mac parameter, in any of the usual spellings.
func macOf(text string) (string, error) {
	mac, err := net.ParseMAC(text)
	if err != nil || len(mac) != 6 {
		return "", fmt.Errorf("mac=%q is no MAC address", clip(text, 32))
	}
	return mac.String(), nil
}

// trusted is the host whose MAC the request names, if the request comes from the address that is leased to that MAC.
// Otherwise it answers the request itself.
func (s *Server) trusted(w http.ResponseWriter, r *http.Request, macText string) (ophub.Host, string, bool) {
	mac, err := macOf(macText)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return ophub.Host{}, "", false
	}
	from := source(r)
	host, lease, ok := s.hostAt(from)
	if !ok || lease.MAC != mac {
		s.Logger.Warn("http: request refused: its address is not leased to that MAC", "path", r.URL.Path, "from", from, "mac", mac)
		http.Error(w, fmt.Sprintf("%v is not leased to %s: ask by DHCP first", from, mac), http.StatusForbidden)
		return ophub.Host{}, "", false
	}
	return host, mac, true
}

func (s *Server) serveHealth(w http.ResponseWriter, _ *http.Request) {
	if !s.hosts.known() {
		http.Error(w, "the records have not been read yet", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// serveScript serves the iPXE script of a host. A host that cannot be booted now gets a script that says why on its
// console and tries again: firmware shows nothing of an HTTP error but its number.
func (s *Server) serveScript(w http.ResponseWriter, r *http.Request) {
	mac, err := macOf(r.URL.Query().Get("mac"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	host, ok := s.hostOf(mac)
	if !ok {
		http.Error(w, fmt.Sprintf("no host record names %s", mac), http.StatusNotFound)
		return
	}
	host, guest := s.newest(r.Context(), host, mac)
	script, err := s.script(r.Context(), host, mac)
	// Only the machine itself is on its way; anybody may look at the script.
	_, lease, ok := s.hostAt(source(r))
	itself := ok && lease.MAC == mac
	switch {
	case err != nil:
	case guest:
		err = s.ofGuest(mac, itself)
	case itself:
		err = s.beginBoot(r.Context(), host)
	default:
		err = s.inQuarantine(r.Context(), host)
	}
	detail := fmt.Sprintf("image %s", host.Image.Short())
	if err != nil {
		detail, script = s.refusal(host, mac, err)
	}
	if itself {
		if err == nil {
			s.images.told(mac, host.Image)
		}
		s.stages.publish(host.Name, "script "+detail, ophub.Event{
			Stage: ophub.StageBootScript, Detail: detail, MAC: mac, Address: lease.IP, Image: host.Image,
		})
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprint(w, script)
}

// newest is the record of a host or guest as it is now: the directory may be a moment behind it, and a machine that is
// restarted for a new image must not get the one before, nor one that has just got a record what guests get. guest says
// that there is no record still. Records that cannot be read keep nobody from booting.
func (s *Server) newest(ctx context.Context, host ophub.Host, mac string) (record ophub.Host, guest bool) {
	ctx, cancel := context.WithTimeout(ctx, stageTimeout)
	defer cancel()
	guest = !s.hosts.named(host.Name)
	var err error
	if guest {
		record, err = s.Hub.HostByMAC(ctx, mac)
	} else {
		record, err = s.Hub.Host(ctx, host.Name)
	}
	switch {
	case err == nil:
		return record, false
	case !guest || !errors.Is(err, ophub.ErrNotFound):
		s.Logger.Error("http: a host's record cannot be read again", "host", host.Name, "mac", mac, "error", err)
	}
	return host, guest
}

func (s *Server) script(ctx context.Context, host ophub.Host, mac string) (string, error) {
	if host.Image == "" {
		return "", fmt.Errorf("the record of host %s names no image", host.Name)
	}
	manifest, err := s.images.manifest(ctx, host.Image)
	if errors.Is(err, keg.ErrNotFound) {
		return "", fmt.Errorf("image %s is not in the keg: apply again to store it", host.Image.Short())
	}
	if err != nil {
		s.Logger.Error("http: image", "host", host.Name, "image", host.Image, "error", err)
		return "", fmt.Errorf("image %s cannot be read: the opserver's log says why", host.Image.Short())
	}
	return images.BootScript(manifest, images.BootParams{
		BaseURL: s.baseURL, ImageKID: host.Image, Host: host.Name, MAC: mac, ExtraArgs: host.Args,
	}), nil
}

// serveProgram serves a boot program to UEFI's HTTP boot.
func (s *Server) serveProgram(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	file, err := s.firmware.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		http.Error(w, "no such boot program", http.StatusNotFound)
		return
	}
	if err != nil {
		s.Logger.Error("http: boot program", "file", clip(name, 64), "error", err)
		http.Error(w, "the boot program cannot be read", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if host, lease, ok := s.hostAt(source(r)); ok && r.Method == http.MethodGet {
		w = &wholeWriter{ResponseWriter: w, whole: func(size int64) {
			detail := fmt.Sprintf("%s, %d bytes by HTTP", clip(name, 64), size)
			s.stages.publish(host.Name, "http "+detail, ophub.Event{
				Stage: ophub.StageBootFile, Detail: detail, MAC: lease.MAC, Address: lease.IP, Image: host.Image,
			})
		}}
	}
	http.ServeContent(w, r, "", file.modified, bytes.NewReader(file.data))
}

// serveIgnition serves the Ignition configuration of a host's image: to that host only, since it may hold more than
// everybody should read.
func (s *Server) serveIgnition(w http.ResponseWriter, r *http.Request) {
	host, mac, ok := s.trusted(w, r, r.URL.Query().Get("mac"))
	if !ok {
		return
	}
	if !s.onRecord(mac) {
		http.Error(w, "no host record names "+mac+": it has no Ignition configuration", http.StatusForbidden)
		return
	}
	image := s.images.bootingImage(mac, host.Image)
	manifest, err := s.images.manifest(r.Context(), image)
	if err != nil {
		s.Logger.Error("http: ignition", "host", host.Name, "error", err)
		http.Error(w, "the host's image cannot be read", http.StatusServiceUnavailable)
		return
	}
	if manifest.Ignition == "" {
		http.Error(w, fmt.Sprintf("image %s has no Ignition configuration", image.Short()), http.StatusNotFound)
		return
	}
	blob, _, err := s.Keg.Open(r.Context(), manifest.Ignition)
	if err != nil {
		s.Logger.Error("http: ignition", "host", host.Name, "error", err)
		http.Error(w, "the Ignition configuration cannot be read", http.StatusServiceUnavailable)
		return
	}
	defer blob.Close()
	w.Header().Set("Content-Type", "application/vnd.coreos.ignition+json")
	w.Header().Set("Cache-Control", "no-store")
	http.ServeContent(w, r, "", time.Time{}, blob)
}

// agentStages are the stages that a machine tells of itself.
var agentStages = map[ophub.Stage]bool{ophub.StageAgent: true, ophub.StageRegistered: true, ophub.StageKernels: true}

// takeStage takes a stage that agentd tells.
func (s *Server) takeStage(w http.ResponseWriter, r *http.Request) {
	var told struct {
		MAC    string      `json:"mac"`
		Stage  ophub.Stage `json:"stage"`
		Detail string      `json:"detail"`
		Image  keg.KID     `json:"image"`
		BootID string      `json:"boot_id"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxStageBody)).Decode(&told); err != nil {
		http.Error(w, "want JSON with mac, stage and detail of up to 4 KiB", http.StatusBadRequest)
		return
	}
	host, mac, ok := s.trusted(w, r, told.MAC)
	if !ok {
		return
	}
	if !agentStages[told.Stage] {
		http.Error(w, fmt.Sprintf("stage %q is not a machine's to tell", clip(string(told.Stage), 32)), http.StatusBadRequest)
		return
	}
	if told.Image == "" || !told.Image.Valid() {
		told.Image = s.images.bootingImage(mac, host.Image)
	}
	s.stages.publish(host.Name, "", ophub.Event{
		Stage: told.Stage, Detail: clip(told.Detail, maxDetail), MAC: mac, Address: source(r).String(),
		Image: told.Image, BootID: clip(told.BootID, 64),
	})
	w.WriteHeader(http.StatusNoContent)
}
