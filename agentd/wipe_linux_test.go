package agentd

import (
	"bytes"
	"strings"
	"testing"
)

func TestReadZeros(t *testing.T) {
	const size = 8<<20 + 512
	for _, at := range []int{0, 1 << 20, size / 2, size - 1} {
		disk := make([]byte, size)
		if err := readZeros(bytes.NewReader(disk), size); err != nil {
			t.Fatal(err)
		}
		disk[at] = 1
		if err := readZeros(bytes.NewReader(disk), size); err == nil || !strings.Contains(err.Error(), "does not read as zeros") {
			t.Errorf("a one at %d: %v", at, err)
		}
	}
	if err := readZeros(bytes.NewReader(make([]byte, 4096)), 4096); err != nil {
		t.Errorf("a small disk: %v", err)
	}
}
