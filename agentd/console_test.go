package agentd

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func TestConsoleLines(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(NewConsole(&out))
	log.Debug("not shown")
	log.With("kernel", "main").Info("started", "pid", 7, "why", "a\nb")
	log.WithGroup("g").Warn("trouble", "error", errors.New("it \x1b[31mfailed"), slog.Group("h", "x", 1))
	log.Info("located", "identity", ophub.Identity{Host: "node1", Kernels: []ophub.Attachment{{Name: "main", SecretID: "hush"}}})
	got := regexp.MustCompile(`(?m)^cthulix +\d+\.\d\d `).ReplaceAllString(out.String(), "> ")
	want := `> started kernel=main pid=7 why="a\nb"
> warn: trouble g.error="it \x1b[31mfailed" g.h.x=1
> located identity.host=node1 identity.image="" identity.kernels=[main]
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestChildLogIsBounded(t *testing.T) {
	l := &childLog{path: filepath.Join(t.TempDir(), "nomad.log")}
	var in bytes.Buffer
	for n := range 40_000 {
		fmt.Fprintf(&in, "line %d of a child that has much to say about nothing at all\n", n)
	}
	in.WriteString(strings.Repeat("x", 3*maxLine) + "\n\nlast words")
	total := in.Len()
	l.follow(&in)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if tail := l.tail(); len(tail) > lastLines*(maxShown+8) || !strings.HasSuffix(tail, "… | last words") {
		t.Errorf("the tail is %q", tail)
	}
	size := 0
	for _, name := range []string{l.path, l.path + ".1"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > maxLog {
			t.Errorf("%s has %d bytes", name, info.Size())
		}
		size += int(info.Size())
	}
	if size < maxLog || size > total {
		t.Errorf("%d of %d bytes are kept", size, total)
	}
}

func TestChildLogWithoutAFile(t *testing.T) {
	l := &childLog{path: filepath.Join(t.TempDir(), "none", "nomad.log")}
	l.follow(strings.NewReader("one\ntwo\n"))
	if l.tail() != "one | two" {
		t.Errorf("the tail is %q", l.tail())
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestIdentityIsChecked(t *testing.T) {
	good := func() ophub.Identity {
		return ophub.Identity{Host: "node1", Consul: "http://10.20.0.1:8500", Keg: "http://10.20.0.1", Kernels: []ophub.Attachment{{
			Name: "main", NodePool: "main", NomadServers: []string{"10.20.0.1:4647"}, Release: testImage,
			ReleaseFormat: ophub.FormatZstd, ClientID: uuidOf("c"), SecretID: uuidOf("s"),
		}}}
	}
	if err := checkIdentity(good()); err != nil {
		t.Error(err)
	}
	for want, spoil := range map[string]func(*ophub.Identity){
		"host":                          func(id *ophub.Identity) { id.Host = "a b" },
		"consul":                        func(id *ophub.Identity) { id.Consul = "10.20.0.1:8500" },
		"keg":                           func(id *ophub.Identity) { id.Keg = "" },
		"ignition: no KID":              func(id *ophub.Identity) { id.Ignition = "K-1" },
		"kernels[0].name":               func(id *ophub.Identity) { id.Kernels[0].Name = "../../etc" },
		"is there twice":                func(id *ophub.Identity) { id.Kernels = append(id.Kernels, id.Kernels[0]) },
		"kernels[0].release: no KID":    func(id *ophub.Identity) { id.Kernels[0].Release = "K-1" },
		`kernels[0].release_format: "g`: func(id *ophub.Identity) { id.Kernels[0].ReleaseFormat = "gzip" },
		"kernels[0].client_id":          func(id *ophub.Identity) { id.Kernels[0].ClientID = "../x" },
		"kernels[0].secret_id":          func(id *ophub.Identity) { id.Kernels[0].SecretID = strings.ToUpper(uuidOf("s")) },
	} {
		id := good()
		spoil(&id)
		err := checkIdentity(id)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s, got %v", want, err)
		}
		if err != nil && strings.Contains(err.Error(), uuidOf("s")) {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}
