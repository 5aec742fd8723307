package provider

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

func TestPack(t *testing.T) {
	m := memory{First: fabric.Want{AbsentVLANs: []int{10}, Restore: map[string][]string{}}}
	m.Seen.Hostname = strings.Repeat("leaf1", 1000)
	b, err := pack(m)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(b) || len(b) > 1000 {
		t.Errorf("%d bytes: %.80s", len(b), b)
	}
	plain, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for what, b := range map[string][]byte{"packed": b, "as earlier versions kept it": plain} {
		var got memory
		err := unpack(b, &got)
		again, _ := json.Marshal(got)
		if err != nil || !bytes.Equal(again, plain) {
			t.Errorf("%s: %v\n got %.200s\nwant %.200s", what, err, again, plain)
		}
	}
	for _, bad := range []string{``, `"`, `"AAAA"`, `"H4sI"`, `{`} {
		var got memory
		if err := unpack([]byte(bad), &got); err == nil {
			t.Errorf("%q is taken for something", bad)
		}
	}
}
