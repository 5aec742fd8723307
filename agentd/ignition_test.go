package agentd

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func gz(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestIgnitionIsApplied(t *testing.T) {
	a, _ := networkAgent(t, time.Hour)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "from afar") }))
	defer s.Close()
	write := func(path, text string) {
		if err := os.MkdirAll(filepath.Dir(a.path(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(a.path(path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("/etc/passwd", fmt.Sprintf("root:x:0:0\nme:x:%d:7:::\n", os.Getuid()))
	write("/etc/log", "one\n")
	write("/etc/old", "old")
	write("/etc/tree/leaf", "x")
	config := `{
  "ignition": {"version": "3.4.0", "config": {"replace": {"verification": {}}}, "proxy": {}, "security": {"tls": {}}, "timeouts": {}},
  "kernelArguments": {}, "passwd": {}, "systemd": {},
  "storage": {
    "directories": [
      {"path": "/opt/data/deep", "mode": 448},
      {"path": "/opt/data", "mode": 1023}
    ],
    "files": [
      {"path": "/opt/data/a", "mode": 2541, "contents": {"source": "data:;base64,aGVsbG8=", "httpHeaders": []}, "user": {"name": "me"}},
      {"path": "/etc/empty", "contents": {"source": ""}},
      {"path": "/etc/log", "append": [{"source": "data:,two%0A"}, {"source": "data:text/plain;charset=utf-8,three%0A"}]},
      {"path": "/etc/old", "overwrite": true, "contents": {"compression": "gzip", "source": "data:;base64,` + gz(t, "new") + `",
        "verification": {"hash": "sha256-11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437"}}},
      {"path": "/etc/far", "contents": {"source": "` + s.URL + `/x"}}
    ],
    "links": [
      {"path": "/etc/soft", "target": "../opt/data/a"},
      {"path": "/etc/tree", "target": "/opt/data", "overwrite": true},
      {"path": "/etc/hard", "target": "/etc/old", "hard": true}
    ]
  }
}`
	c, err := parseIgnition([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	// Twice: it is tried again as a whole when a part has failed.
	for n := range 2 {
		if err := a.writeIgnition(t.Context(), c); err != nil {
			t.Fatalf("time %d: %v", n+1, err)
		}
	}
	for path, want := range map[string]string{
		"/opt/data/a": "hello", "/etc/empty": "", "/etc/log": "one\ntwo\nthree\n", "/etc/old": "new", "/etc/far": "from afar",
		"/etc/hard": "new", "/etc/soft": "hello",
	} {
		if got, err := os.ReadFile(a.path(path)); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v; want %q", path, got, err, want)
		}
	}
	for path, want := range map[string]os.FileMode{
		"/opt/data": os.ModeDir | os.ModeSticky | 0o777, "/opt/data/deep": os.ModeDir | 0o700,
		"/opt/data/a": os.ModeSetuid | 0o755, "/etc/empty": 0o644,
	} {
		info, err := os.Stat(a.path(path))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %s, want %s", path, info.Mode(), want)
		}
	}
	if got, _ := os.Readlink(a.path("/etc/tree")); got != "/opt/data" {
		t.Errorf("/etc/tree leads to %q", got)
	}
	if left, _ := filepath.Glob(a.path("/etc/.ignition-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestIgnitionThatIsRefused(t *testing.T) {
	storage := func(s string) string { return `{"ignition":{"version":"3.3.0"},"storage":{` + s + `}}` }
	for config, want := range map[string]string{
		`{`:                                "config: unexpected end",
		`[]`:                               "config: json",
		`{}`:                               `ignition.version: ""`,
		`{"ignition":{"version":"2.2.0"}}`: `ignition.version: "2.2.0"`,
		`{"ignition":{"version":7}}`:       "ignition.version: json",
		`{"ignition":{"version":"3.3.0","config":{"merge":[{"source":"http://x"}]}}}`:      "ignition.config",
		`{"ignition":{"version":"3.3.0"},"passwd":{"users":[{"name":"core"}]}}`:            "passwd",
		`{"ignition":{"version":"3.3.0"},"systemd":{"units":[{"name":"a.service"}]}}`:      "systemd",
		storage(`"disks":[{"device":"/dev/sda"}]`):                                         "storage.disks",
		storage(`"files":[{"path":"relative"}]`):                                           "storage.files[0].path",
		storage(`"files":[{"path":"/a/../.."}]`):                                           "storage.files[0].path",
		storage(`"files":[{"path":"/a"},{"path":"/b/../a"}]`):                              "storage.files[1].path: /a is there already, as storage.files[0]",
		storage(`"files":[{"path":"/a","mode":99999}]`):                                    "storage.files[0].mode",
		storage(`"files":[{"path":"/a","contents":{"source":"tftp://x/y"}}]`):              `"tftp"`,
		storage(`"files":[{"path":"/a","contents":{"compression":"xz"}}]`):                 "contents.compression",
		storage(`"files":[{"path":"/a","contents":{"httpHeaders":[{"name":"a"}]}}]`):       "contents.httpHeaders",
		storage(`"files":[{"path":"/a","contents":{"verification":{"hash":"md5-0"}}}]`):    "verification.hash",
		storage(`"files":[{"path":"/a","contents":{"verification":{"hash":"sha256-0"}}}]`): "64 hexadecimal",
		storage(`"files":[{"path":"/a","contents":{"source":""},"append":[{}]}]`):          "exclude each other",
		storage(`"files":[{"path":"/a","moed":420}]`):                                      `unknown field "moed"`,
		storage(`"links":[{"path":"/a"}]`):                                                 "storage.links[0].target",
		storage(`"links":{}`):                                                              "storage.links: json",
	} {
		_, err := parseIgnition([]byte(config))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", config, err, want)
		}
	}
}

func TestIgnitionThatCannotBeApplied(t *testing.T) {
	a, _ := networkAgent(t, time.Hour)
	for name, text := range map[string]string{"/etc/there": "x", "/etc/passwd": "root:x:0:0\n"} {
		if err := os.MkdirAll(a.path("/etc"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(a.path(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for entry, want := range map[string]string{
		`"files":[{"path":"/etc/there","contents":{"source":"data:,y"}}]`:                                                          "/etc/there: it is there with other contents",
		`"files":[{"path":"/n","contents":{"source":"data:,y"},"user":{"name":"who"}}]`:                                            `/n: user "who" is not in the image's /etc/passwd`,
		`"files":[{"path":"/n","contents":{"source":"data:nothing"}}]`:                                                             "without a comma",
		`"files":[{"path":"/n","contents":{"source":"data:;base64,%%"}}]`:                                                          "data URL",
		`"files":[{"path":"/n","contents":{"source":"data:;base64,!"}}]`:                                                           "data URL",
		`"files":[{"path":"/n","contents":{"compression":"gzip","source":"data:,y"}}]`:                                             "/n: ",
		`"files":[{"path":"/n","contents":{"source":"data:,y","verification":{"hash":"sha256-` + strings.Repeat("0", 64) + `"}}}]`: "contents are sha256-",
		`"links":[{"path":"/etc/there","target":"/x"}]`:                                                                            "link /etc/there",
		`"links":[{"path":"/n","target":"/none","hard":true}]`:                                                                     "link /n",
		`"directories":[{"path":"/etc/there/below"}]`:                                                                              "directory /etc/there/below",
	} {
		c, err := parseIgnition([]byte(`{"ignition":{"version":"3.3.0"},"storage":{` + entry + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.writeIgnition(t.Context(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", entry, err, want)
		}
		if _, err := os.Stat(a.path("/n")); err == nil {
			t.Errorf("%s: left something behind", entry)
		}
	}
}

func FuzzParseIgnition(f *testing.F) {
	f.Add([]byte(`{"ignition":{"version":"3.4.0"},"storage":{"files":[{"path":"/a","mode":420,"contents":{"source":"data:,x"}}]}}`))
	f.Add([]byte(`{"ignition":{"version":"3.0.0"},"storage":{"links":[{"path":"/a","target":"b"}],"directories":[{"path":"/c"}]},"systemd":{}}`))
	f.Add([]byte(`{"ignition":null,"storage":{"files":[null]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseIgnition(b)
		if err != nil {
			return
		}
		for _, file := range c.Files {
			if !strings.HasPrefix(file.Path, "/") || strings.Contains(file.Path+"/", "/../") {
				t.Errorf("accepted path %q", file.Path)
			}
			for _, r := range append(file.Append, file.Contents) {
				if r.Source != nil {
					if rest, ok := strings.CutPrefix(*r.Source, "data:"); ok {
						_, _ = decodeDataURL(rest)
					}
				}
			}
		}
	})
}
