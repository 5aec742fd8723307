package gridapp_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

var update = flag.Bool("update", false, "write the golden files anew")

func wordCount() gridapp.Spec {
	return gridapp.Spec{
		Name: "wc", Namespace: "main", NodePool: "main", Count: 3, SpreadHosts: true,
		Script: keg.Sum([]byte("script")), Args: []string{"data/input.txt"},
		Artifacts: map[string]keg.KID{"data/input.txt": keg.Sum([]byte("input")), "data/stop.txt": keg.Sum([]byte("stop"))},
		Env:       map[string]string{"LANG": "C"}, KegURL: "http://10.20.0.1:8080/",
		Merge: &gridapp.Merge{Command: "/bin/sh", Script: keg.Sum([]byte("merge"))},
	}
}

func TestGoldenJobs(t *testing.T) {
	service := gridapp.Spec{Name: "web", Namespace: "main", NodePool: "main", Type: gridapp.Service, Count: 2, Command: "httpd", Args: []string{"-f"}, CPU: 200, MemoryMB: 128, OutputMB: 4}
	for name, spec := range map[string]gridapp.Spec{"batch": wordCount(), "service": service} {
		must(t, spec.Validate())
		got, err := json.MarshalIndent(spec.Job(), "", "  ")
		must(t, err)
		got = append(got, '\n')
		path := filepath.Join("testdata", name+".json")
		if *update {
			must(t, os.WriteFile(path, got, 0o644))
		}
		want, err := os.ReadFile(path)
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: the job has changed; see what -update makes of it:\n%s", path, got)
		}
	}
}

func TestSpecKID(t *testing.T) {
	base := wordCount()
	same := wordCount()
	same.KegURL, same.Timeout, same.Type = "http://192.0.2.1:80", time.Hour, gridapp.Batch
	same.CPU, same.MemoryMB, same.OutputMB = 50, 64, 32 // the defaults
	if base.KID() != same.KID() || !base.KID().Valid() {
		t.Errorf("%s and %s name the same", base.KID(), same.KID())
	}
	// The jobs of what differs in the merge alone are the same.
	for what, c := range map[string]struct {
		change  func(*gridapp.Spec)
		sameJob bool
	}{
		"args":  {func(s *gridapp.Spec) { s.Args = []string{"other.txt"} }, false},
		"env":   {func(s *gridapp.Spec) { s.Env = map[string]string{"LANG": "de"} }, false},
		"count": {func(s *gridapp.Spec) { s.Count = 4 }, false},
		"merge": {func(s *gridapp.Spec) { s.Merge = &gridapp.Merge{Command: "cat"} }, true},
		"none":  {func(s *gridapp.Spec) { s.Merge = nil }, true},
	} {
		other := wordCount()
		c.change(&other)
		if other.KID() == base.KID() {
			t.Errorf("%s makes no other KID", what)
		}
		if got := other.Job().Meta["cthulix_kid"] == base.Job().Meta["cthulix_kid"]; got != c.sameJob {
			t.Errorf("%s: the same job: %v, want %v", what, got, c.sameJob)
		}
	}
}

func TestSpecInvalid(t *testing.T) {
	must(t, wordCount().Validate())
	kid := keg.Sum([]byte("x"))
	for field, change := range map[string]func(*gridapp.Spec){
		"name":                           func(s *gridapp.Spec) { s.Name = "Word Count" },
		"kernel":                         func(s *gridapp.Spec) { s.NodePool = "default" },
		"type":                           func(s *gridapp.Spec) { s.Type = "system" },
		"count":                          func(s *gridapp.Spec) { s.Count = 5000 },
		"timeout":                        func(s *gridapp.Spec) { s.Timeout = -1 },
		"command":                        func(s *gridapp.Spec) { s.Script = "" },
		"script":                         func(s *gridapp.Spec) { s.Script = "K-1" },
		"args":                           func(s *gridapp.Spec) { s.Args = []string{"a\x00b"} },
		`artifacts["../x"]`:              func(s *gridapp.Spec) { s.Artifacts = map[string]keg.KID{"../x": kid} },
		`artifacts["/x"]`:                func(s *gridapp.Spec) { s.Artifacts = map[string]keg.KID{"/x": kid} },
		`artifacts["a/../b"]`:            func(s *gridapp.Spec) { s.Artifacts = map[string]keg.KID{"a/../b": kid} },
		`artifacts["local/script"]`:      func(s *gridapp.Spec) { s.Artifacts = map[string]keg.KID{"local/script": kid} },
		`artifacts["x"]`:                 func(s *gridapp.Spec) { s.Artifacts = map[string]keg.KID{"x": "K-"} },
		`env["A B"]`:                     func(s *gridapp.Spec) { s.Env = map[string]string{"A B": ""} },
		`env["CTHULIX_SHARD"]`:           func(s *gridapp.Spec) { s.Env = map[string]string{"CTHULIX_SHARD": "1"} },
		"memory_mb":                      func(s *gridapp.Spec) { s.MemoryMB = -1 },
		"keg_url":                        func(s *gridapp.Spec) { s.KegURL, s.Merge = "", nil },
		"merge":                          func(s *gridapp.Spec) { s.Type = gridapp.Service },
		"merge.command":                  func(s *gridapp.Spec) { s.Merge = &gridapp.Merge{} },
		`merge.artifacts["shards/0"]`:    func(s *gridapp.Spec) { s.Merge.Artifacts = map[string]keg.KID{"shards/0": kid} },
		`merge.env["CTHULIX_SHARDS"]`:    func(s *gridapp.Spec) { s.Merge.Env = map[string]string{"CTHULIX_SHARDS": "1"} },
		`merge.artifacts["secrets/key"]`: func(s *gridapp.Spec) { s.Merge.Artifacts = map[string]keg.KID{"secrets/key": kid} },
	} {
		spec := wordCount()
		change(&spec)
		var wrong *gridapp.FieldError
		if err := spec.Validate(); !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
