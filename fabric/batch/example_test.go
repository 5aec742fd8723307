package batch_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/batch"
)

// Two callers at the same moment share a transaction. With a real switch the
// function calls ios.TransactParts, and Separable is ios.Separable.
func Example() {
	q := batch.New(func(_ context.Context, parts []fabric.Part) (string, []error, error) {
		return fmt.Sprintf("%d wants in one transaction", len(parts)), make([]error, len(parts)), nil
	}, batch.Options{})
	var all sync.WaitGroup
	for _, port := range []string{"GigabitEthernet1/0/1", "GigabitEthernet1/0/2"} {
		all.Go(func() {
			want := fabric.Want{Ports: map[string]fabric.Port{port: {Mode: fabric.ModeAccess, AccessVLAN: 20}}}
			outcome, err := q.Do(context.Background(), fabric.Part{Want: want})
			fmt.Println(outcome, err)
		})
	}
	all.Wait()
	// Output:
	// 2 wants in one transaction <nil>
	// 2 wants in one transaction <nil>
}
