package opserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/images"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// golden compares text with a file under testdata; CTHULIX_UPDATE=1 writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if os.Getenv("CTHULIX_UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", path, got)
	}
}

// TestAWholeBoot goes a machine's way from its first packet to the agent's last word.
func TestAWholeBoot(t *testing.T) {
	s := newSite(t).run()
	s.ask(mac1, class(classPXE), arch(0))
	address := s.ask(mac1, asIPXE...).ACK
	from := address.YourIPAddr.String()
	path, ok := strings.CutPrefix(address.BootFileName, s.URL())
	if !ok || path != "/boot.ipxe?mac="+mac1 {
		t.Fatalf("boot file %q", address.BootFileName)
	}
	code, script := s.get(from, path)
	manifest, err := images.LoadManifest(context.Background(), s.keg, s.image)
	if err != nil {
		t.Fatal(err)
	}
	want := images.BootScript(manifest, images.BootParams{BaseURL: s.URL(), ImageKID: s.image, Host: "node1", MAC: mac1, ExtraArgs: []string{"console=ttyS0"}})
	if code != http.StatusOK || script != want {
		t.Fatalf("%d: %s", code, script)
	}
	for _, url := range regexp.MustCompile(`http://\S+/keg/\S+`).FindAllString(script, -1) {
		if code, _ := s.get(from, strings.TrimPrefix(url, s.URL())); code != http.StatusOK {
			t.Errorf("%s: %d", url, code)
		}
	}
	if code, text := s.do(from, http.MethodPost, "/v1/stage", `{"mac":"`+mac1+`","stage":"agent","detail":"network up"}`); code != http.StatusNoContent {
		t.Errorf("stage: %d %s", code, text)
	}
	stages := s.waitStage("node1", ophub.StageAgent, "network up")
	if got := slices.Compact(stages); !slices.Equal(got, []ophub.Stage{ophub.StageDHCP, ophub.StageBootScript, ophub.StageLinux, ophub.StageInitrd, ophub.StageAgent}) {
		t.Errorf("stages %q", got)
	}
	for _, e := range s.records.boots["node1"].Events {
		if e.MAC != mac1 || e.Address != from || e.Image != s.image || e.Time.IsZero() || e.Detail == "" {
			t.Errorf("event without %+v", e)
		}
	}
	code, ignition := s.get(from, "/ignition?mac="+mac1)
	if code != http.StatusOK || ignition != `{"ignition":{"version":"3.4.0"}}` {
		t.Errorf("ignition: %d %s", code, ignition)
	}
}

// A script is made from the record as it is, whatever the directory has heard of by then.
func TestAScriptIsNeverOfTheRecordBefore(t *testing.T) {
	s := newSite(t).run()
	from := s.ask(mac1, asIPXE...).ACK.YourIPAddr.String()
	s.waitStage("node1", ophub.StageDHCP, "iPXE on BIOS has") // the last that the directory hears of
	s.records.mu.Lock()
	s.records.hosts = slices.Clone(s.records.hosts)
	for i := range s.records.hosts {
		s.records.hosts[i].Args = []string{"changed=yes"} // nobody is told
	}
	s.records.mu.Unlock()
	if _, script := s.get(from, "/boot.ipxe?mac="+mac1); !strings.Contains(script, " changed=yes") {
		t.Errorf("the script is of an old record:\n%s", script)
	}
}

func TestIdentityGoesToTheLeasedAddressOnly(t *testing.T) {
	s := newSite(t).run()
	s.lease(mac1, "node1", "127.0.0.10")
	s.lease(mac2, "node2", "127.0.0.11")
	for _, test := range []struct {
		from, mac string
		code      int
	}{
		{"127.0.0.10", mac1, http.StatusOK},
		{"127.0.0.10", "52-54-00-00-00-01", http.StatusOK},
		{"127.0.0.11", mac1, http.StatusForbidden}, // another host's
		{"127.0.0.50", mac1, http.StatusForbidden}, // nobody's
		{"127.0.0.10", mac9, http.StatusForbidden},
		{"127.0.0.10", "", http.StatusBadRequest},
		{"127.0.0.10", "01:02", http.StatusBadRequest},
	} {
		for _, path := range []string{"/v1/identity", "/ignition"} {
			code, text := s.get(test.from, path+"?mac="+test.mac)
			if code != test.code {
				t.Errorf("%s of %q from %s: %d %s", path, test.mac, test.from, code, text)
			}
			if code != http.StatusOK && strings.Contains(text, "secret") {
				t.Errorf("%s from %s: %s", path, test.from, text)
			}
		}
	}
	_, text := s.get("127.0.0.10", "/v1/identity?mac="+mac1)
	var got ophub.Identity
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	clientID, secretID := NomadIdentity(s.SiteKey, "main", "node1")
	want := ophub.Attachment{
		Name: "main", Namespace: "main-ns", NodePool: "main-pool", NomadServers: []string{"127.0.0.1:4647"},
		Release: keg.Sum([]byte("nomad")), ReleaseFormat: ophub.FormatZstd, ClientID: clientID, SecretID: secretID,
	}
	if got.Host != "node1" || got.Image != s.image || got.Consul != s.ConsulURL || got.Keg != s.URL() || len(got.Kernels) != 1 ||
		fmt.Sprint(got.Kernels[0]) != fmt.Sprint(want) || !got.Ignition.Valid() {
		t.Errorf("identity %+v", got)
	}
	if strings.Contains(s.log.String(), secretID) {
		t.Error("the secret is in the log")
	}
	for host, boot := range s.records.boots {
		if strings.Contains(fmt.Sprint(boot), secretID) {
			t.Errorf("the secret is in the records of %s", host)
		}
	}

	// A lease that ran out is worth nothing.
	s.table.set(ophub.Lease{MAC: mac1, IP: "127.0.0.10", Host: "node1", Expires: s.Now().Add(-time.Second)})
	if code, _ := s.get("127.0.0.10", "/v1/identity?mac="+mac1); code != http.StatusForbidden {
		t.Errorf("with a lease that ran out: %d", code)
	}
	// Nor is one of a host that is on record no more.
	s.records.setHosts(s.records.hosts[:1]...)
	s.until("node2 off the records", func() bool { return !s.onRecord(mac2) })
	if code, _ := s.get("127.0.0.11", "/v1/identity?mac="+mac2); code != http.StatusForbidden {
		t.Errorf("of a host that is gone: %d", code)
	}
}

func TestIdentityWithoutReleaseOrKernel(t *testing.T) {
	s := newSite(t).run()
	s.lease(mac1, "node1", "127.0.0.10")
	delete(s.records.release, "nomad")
	code, text := s.get("127.0.0.10", "/v1/identity?mac="+mac1)
	var got ophub.Identity
	if err := json.Unmarshal([]byte(text), &got); err != nil || code != http.StatusOK || len(got.Kernels) != 1 || got.Kernels[0].Release != "" {
		t.Errorf("without a release: %d %s", code, text)
	}
	own := keg.Sum([]byte("own"))
	s.records.kernels["main"] = ophub.Kernel{Name: "main", AgentRelease: own, ReleaseFormat: ophub.FormatRaw}
	_, text = s.get("127.0.0.10", "/v1/identity?mac="+mac1)
	if err := json.Unmarshal([]byte(text), &got); err != nil || got.Kernels[0].Release != own || got.Kernels[0].ReleaseFormat != ophub.FormatRaw {
		t.Errorf("a kernel's own release: %s", text)
	}
	delete(s.records.kernels, "main")
	if code, text := s.get("127.0.0.10", "/v1/identity?mac="+mac1); code != http.StatusServiceUnavailable || !strings.Contains(text, "kernel main") {
		t.Errorf("without the kernel: %d %s", code, text)
	}
}

func TestAnybodyMaySeeAScriptButIsNotOnItsWay(t *testing.T) {
	s := newSite(t).run()
	if code, _ := s.get("127.0.0.50", "/boot.ipxe?mac="+mac1); code != http.StatusOK {
		t.Errorf("got %d", code)
	}
	if code, text := s.get("127.0.0.50", "/boot.ipxe?mac="+mac9); code != http.StatusNotFound || !strings.Contains(text, mac9) {
		t.Errorf("a stranger: %d %s", code, text)
	}
	if code, _ := s.get("127.0.0.50", "/boot.ipxe?mac=x"); code != http.StatusBadRequest {
		t.Errorf("no MAC: %d", code)
	}
	s.stop()
	if boot, ok := s.records.boots["node1"]; ok {
		t.Errorf("published %+v", boot)
	}
}

func TestAHostThatCannotBootIsTold(t *testing.T) {
	s := newSite(t).run()
	missing := keg.Sum([]byte("never stored"))
	s.records.setHosts(ophub.Host{Name: "node1", MACs: []string{mac1}, Image: missing})
	s.lease(mac1, "node1", "127.0.0.10")
	s.until("the other image", func() bool { host, ok := s.hosts.byMAC(mac1); return ok && host.Image == missing })
	code, script := s.get("127.0.0.10", "/boot.ipxe?mac="+mac1)
	if code != http.StatusOK {
		t.Errorf("iPXE shows nothing of an answer %d", code)
	}
	golden(t, "apology.ipxe", strings.ReplaceAll(script, s.URL(), "http://10.20.0.1"))
	s.waitStage("node1", ophub.StageBootScript, "no boot script: ")

	_, apology := s.refusal(ophub.Host{Name: "n"}, mac1, errors.New("a ${x} || reboot && b\nshell"))
	if strings.ContainsAny(strings.Split(apology, "\n")[1], "${}|&") || strings.Count(apology, "\n") != 8 {
		t.Errorf("the error's text is taken for iPXE's syntax: %s", apology)
	}
}

func TestPartsOfBlobsAreNoStage(t *testing.T) {
	s := newSite(t).run()
	s.lease(mac1, "node1", "127.0.0.10")
	path := "/keg/" + string(keg.Sum(s.linux))
	if code, _ := s.do("127.0.0.10", http.MethodHead, path, ""); code != http.StatusOK {
		t.Errorf("HEAD: %d", code)
	}
	request, err := http.NewRequest(http.MethodGet, "http://"+s.HTTP.Addr().String()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Range", "bytes=0-99")
	s.lease(mac1, "node1", "127.0.0.1")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusPartialContent {
		t.Errorf("range: %d", response.StatusCode)
	}
	s.get("127.0.0.10", "/keg/"+string(s.image)) // no part of the image that a host fetches
	s.get("127.0.0.10", "/keg/"+string(keg.Sum(s.initrd)))
	s.waitStage("node1", ophub.StageInitrd, "initrd 1 of 1, 54000 bytes")
	s.stop()
	if n := len(s.records.boots["node1"].Events); n != 1 {
		t.Errorf("%d events: %+v", n, s.records.boots["node1"])
	}
}

// A part of an image that is not there is told, at the stage before it.
func TestMissingBlobs(t *testing.T) {
	s := newSite(t).run()
	s.lease(mac1, "node1", "127.0.0.10")
	for blob, want := range map[keg.KID]ophub.Event{
		keg.Sum(s.linux):  {Stage: ophub.StageBootScript, Detail: "linux 6.1.0 is not in the keg: apply again to store it"},
		keg.Sum(s.initrd): {Stage: ophub.StageLinux, Detail: "initrd 1 of 1 is not in the keg: apply again to store it"},
	} {
		found, err := filepath.Glob(filepath.Join(s.keg.Path(), "blobs", "*", string(blob)))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %q, %v", blob, found, err)
		}
		if err := os.Remove(found[0]); err != nil {
			t.Fatal(err)
		}
		if code, _ := s.get("127.0.0.10", "/keg/"+string(blob)); code != http.StatusNotFound {
			t.Errorf("answer %d", code)
		}
		s.waitStage("node1", want.Stage, want.Detail)
	}
	s.get("127.0.0.10", "/keg/"+string(keg.Sum([]byte("of no image"))))
	s.stop()
	if n := len(s.records.boots["node1"].Events); n != 2 {
		t.Errorf("%d events: %+v", n, s.records.boots["node1"])
	}
}

func TestWholeWriter(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		size   string
		body   io.Reader
		whole  int // how much had gone out when it was told; -1: never told
	}{
		{"as a file", http.StatusOK, "10", &io.LimitedReader{R: strings.NewReader("0123456789"), N: 10}, 9},
		{"as any reader", http.StatusOK, "10", iotest.OneByteReader(strings.NewReader("0123456789")), 9},
		{"one byte", http.StatusOK, "1", strings.NewReader("0"), 0},
		{"cut off", http.StatusOK, "10", &io.LimitedReader{R: strings.NewReader("01234567"), N: 10}, -1},
		{"a part", http.StatusPartialContent, "10", &io.LimitedReader{R: strings.NewReader("0123456789"), N: 10}, -1},
		{"an error", http.StatusNotFound, "10", strings.NewReader("0123456789"), -1},
		{"of unknown size", http.StatusOK, "", strings.NewReader("0123456789"), -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			recorder := httptest.NewRecorder()
			got, told := -1, 0
			w := &wholeWriter{ResponseWriter: recorder, whole: func(int64) { got = recorder.Body.Len(); told++ }}
			w.Header().Set("Content-Length", test.size)
			w.WriteHeader(test.status)
			if _, err := io.Copy(w, test.body); err != nil {
				t.Fatal(err)
			}
			if got != test.whole || told > 1 {
				t.Errorf("told %d times, after %d bytes; want after %d", told, got, test.whole)
			}
			if body := recorder.Body.String(); !strings.HasPrefix("0123456789", body) || int64(len(body)) != w.sent {
				t.Errorf("sent %q, counted %d", body, w.sent)
			}
		})
	}
}

func TestWhatHostsMayNotDo(t *testing.T) {
	s := newSite(t).run()
	s.lease(mac1, "node1", "127.0.0.10")
	for _, test := range []struct {
		from, method, path, body string
		code                     int
	}{
		{"127.0.0.10", "PUT", "/keg/" + string(keg.Sum([]byte("x"))), "x", http.StatusMethodNotAllowed},
		{"127.0.0.10", "GET", "/v1/hosts", "", http.StatusNotFound},
		{"127.0.0.10", "GET", "/firmware/..%2Fsecret", "", http.StatusNotFound},
		{"127.0.0.10", "GET", "/firmware/none.efi", "", http.StatusNotFound},
		{"127.0.0.10", "POST", "/v1/stage", "{", http.StatusBadRequest},
		{"127.0.0.10", "POST", "/v1/stage", `{"mac":"` + mac1 + `","stage":"agent","detail":"` + strings.Repeat("x", maxStageBody) + `"}`, http.StatusBadRequest},
		{"127.0.0.10", "POST", "/v1/stage", `{"mac":"` + mac1 + `","stage":"power"}`, http.StatusBadRequest},
		{"127.0.0.10", "POST", "/v1/stage", `{"mac":"` + mac2 + `","stage":"agent"}`, http.StatusForbidden},
		{"127.0.0.50", "POST", "/v1/stage", `{"mac":"` + mac1 + `","stage":"agent"}`, http.StatusForbidden},
	} {
		if code, text := s.do(test.from, test.method, test.path, test.body); code != test.code {
			t.Errorf("%s %s from %s: %d %s", test.method, test.path, test.from, code, text)
		}
	}
	if code, body := s.get("127.0.0.10", "/firmware/snponly.efi"); code != http.StatusOK || body != "snponly" {
		t.Errorf("firmware: %d %q", code, body)
	}
	s.waitStage("node1", ophub.StageBootFile, "snponly.efi, 7 bytes by HTTP")
}
