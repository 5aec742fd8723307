package keg_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// A blob goes up to an opserver's keg and comes back down by its name.
func Example() {
	ctx := context.Background()
	path, err := os.MkdirTemp("", "keg")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(path)
	dir, err := keg.OpenDir(path)
	if err != nil {
		log.Fatal(err)
	}
	opserver := httptest.NewServer(keg.OperatorHandler(dir, "token"))
	defer opserver.Close()

	operator := keg.NewClient(opserver.URL, "token", nil)
	kid, size, err := operator.Put(ctx, strings.NewReader("an artefact"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(kid.Short(), size)

	host := keg.NewClient(opserver.URL, "", nil)
	b, err := keg.ReadAll(ctx, host, kid, 1<<20)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", b)
	// Output:
	// K-4d1599d977ae 11
	// an artefact
}
