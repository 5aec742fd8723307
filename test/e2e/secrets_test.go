package e2e

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// noSecrets greps all that a site writes for the passwords of its lab: state,
// plans (packed and as JSON), traces, logs, consoles, records, and the keg with
// the image in it, unpacked.
func noSecrets(s *site) {
	secrets, err := s.control().Secrets()
	if err != nil {
		s.t.Fatal(err)
	}
	words := []string{secrets.SwitchPassword, secrets.EnablePassword, secrets.BMCPassword, secrets.OperatorToken}
	checked := 0
	check := func(where string, b []byte) {
		checked++
		for i, w := range words {
			for _, form := range []string{w, base64.StdEncoding.EncodeToString([]byte(w))} {
				if bytes.Contains(b, []byte(form)) {
					s.t.Errorf("secret %d of 4 stands in %s", i+1, where)
				}
			}
		}
	}

	s.env = append(s.env, "TF_LOG=TRACE", "TF_LOG_PATH="+s.path("trace.log"))
	s.plan()
	s.env = s.env[:len(s.env)-2]
	check("the plan as JSON", []byte(s.terraform("show", "-json", s.path("tmp", "plan"))))
	for name, b := range unzip(s, s.path("tmp", "plan")) {
		check("the plan's "+name, b)
	}

	kv := get(s, s.info().Consul+"/v1/kv/?recurse")
	var records []struct{ Key, Value string }
	if err := json.Unmarshal(kv, &records); err != nil || len(records) < 5 {
		s.t.Fatalf("%d records in Consul, %v", len(records), err)
	}
	for _, r := range records {
		value, err := base64.StdEncoding.DecodeString(r.Value)
		if err != nil {
			s.t.Fatal(err)
		}
		check("record "+r.Key, value)
	}
	check("Consul's services", get(s, s.info().Consul+"/v1/catalog/service/cthulix-agent"))

	skip := map[string]bool{"secrets.json": true, "plan": true}
	err = filepath.WalkDir(s.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || skip[d.Name()] || strings.HasPrefix(path, s.path("bin")) {
			return err
		}
		// Ports and stores of the servers themselves are covered by what they answer.
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		check(path, b)
		if plain := unzstd(b); plain != nil {
			check(path+", unpacked", plain)
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Logf("searched %d places", checked)
	if checked < 30 {
		s.t.Errorf("searched only %d places: the search itself is broken", checked)
	}
}

func get(s *site, url string) []byte {
	resp, err := http.Get(url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

func unzip(s *site, path string) map[string][]byte {
	z, err := zip.OpenReader(path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer z.Close()
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			s.t.Fatal(err)
		}
		files[f.Name], err = io.ReadAll(r)
		r.Close()
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return files
}

// unzstd returns what a zstd file holds, or nil for another file.
func unzstd(b []byte) []byte {
	if !bytes.HasPrefix(b, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
		return nil
	}
	d, err := zstd.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	defer d.Close()
	plain, err := io.ReadAll(d)
	if err != nil {
		return nil
	}
	return plain
}
