package gridapp_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// Count lines in three shards, on three hosts, and add them up.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	// Hosts fetch from where the opserver serves this store.
	store, err := keg.OpenDir("/var/lib/cthulix/keg")
	if err != nil {
		fmt.Println(err)
		return
	}
	input, _, err := store.Put(ctx, strings.NewReader("one\ntwo\nthree\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := gridapp.New(gridapp.Config{Address: "http://127.0.0.1:4646"})
	if err != nil {
		fmt.Println(err)
		return
	}
	kernel := gridapp.DomainOf("main", "")
	if err := client.EnsureDomain(ctx, kernel); err != nil {
		fmt.Println(err)
		return
	}
	result, err := client.Run(ctx, gridapp.Spec{
		Name: "lines", Namespace: kernel.Namespace, NodePool: kernel.NodePool, Count: 3, SpreadHosts: true,
		Command:   "/bin/sh",
		Args:      []string{"-c", `awk 'NR % ENVIRON["CTHULIX_SHARDS"] == ENVIRON["CTHULIX_SHARD"]' input.txt | wc -l`},
		Artifacts: map[string]keg.KID{"input.txt": input},
		KegURL:    "http://10.20.0.1:8080",
		Merge:     &gridapp.Merge{Command: "/bin/sh", Args: []string{"-c", "cat shards/* | awk '{n += $1} END {print n}'"}},
	}, gridapp.RunOptions{
		Keg:      store,
		Progress: func(p gridapp.Progress) { fmt.Println(p.Job, p.Message) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Output)
}

// A spec's name is its content: where the keg is, and how long one waits, are
// no part of it.
func ExampleSpec_KID() {
	a := gridapp.Spec{Name: "hello", Namespace: "main", NodePool: "main", Command: "echo", Args: []string{"hello"}}
	b := a
	b.KegURL, b.Timeout = "http://10.20.0.1:8080", time.Minute
	fmt.Println(a.KID() == b.KID())
	b.Args = []string{"good bye"}
	fmt.Println(a.KID() == b.KID())
	// Output:
	// true
	// false
}
