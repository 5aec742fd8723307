package agentd

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// The test program stands in for other programs when it is started with their
// names: a Nomad client, and a process 1.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "stand-in-nomad":
			os.Exit(standInNomad(os.Args[2:]))
		case "stand-in-init":
			os.Exit(standInInit())
		}
	}
	os.Exit(m.Run())
}

// standInNomad reads a client's configuration file and serves the client's
// API, which it forwards to the server that the file names, as Nomad does. It
// leaves on SIGINT, and fails when its server says so.
func standInNomad(args []string) int {
	config := ""
	for _, a := range args {
		if path, ok := strings.CutPrefix(a, "-config="); ok {
			config = path
		}
	}
	text, err := os.ReadFile(config)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	value := func(key, pattern string) string {
		m := regexp.MustCompile(`(?m)^\s*` + key + `\s*= \[?"?(` + pattern + `)"?\]?$`).FindSubmatch(text)
		if m == nil {
			return ""
		}
		return string(m[1])
	}
	id, err := os.ReadFile(filepath.Join(filepath.Dir(config), "client", "client-id"))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	server := &url.URL{Scheme: "http", Host: value("servers", `[0-9.:]+`)}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, syscall.SIGINT)
	failed := make(chan string, 1)
	go func() {
		// The answer to this one comes when the client shall fail.
		resp, err := http.Get(server.String() + "/fail/" + string(id))
		if err != nil {
			return
		}
		defer resp.Body.Close()
		why, _ := bufio.NewReader(resp.Body).ReadString('\n')
		failed <- why
	}()
	proxy := httputil.NewSingleHostReverseProxy(server)
	proxy.FlushInterval = -1
	go func() {
		err := http.ListenAndServe("127.0.0.1:"+value("http", `\d+`), proxy)
		failed <- err.Error()
	}()
	fmt.Println("stand-in client of pool", value("node_pool", `\w+`))
	select {
	case why := <-failed:
		fmt.Println(strings.TrimSpace(why))
		return 3
	case <-interrupted:
		resp, err := http.Post(server.String()+"/left/"+string(id), "text/plain", nil)
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		return 0
	}
}
