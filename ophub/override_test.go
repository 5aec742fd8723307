package ophub_test

import (
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func TestBootOverride(t *testing.T) {
	for name, tc := range map[string]struct {
		override ophub.BootOverride
		usedUp   bool
		bytes    [2]byte
		problem  string
	}{
		"always":            {},
		"once":              {override: ophub.BootOverride{Once: true}, usedUp: true},
		"flags for always":  {override: ophub.BootOverride{Flags: "e024"}, bytes: [2]byte{0xe0, 0x24}},
		"flags for once":    {override: ophub.BootOverride{Flags: "a024"}, usedUp: true, bytes: [2]byte{0xa0, 0x24}},
		"both":              {override: ophub.BootOverride{Once: true, Flags: "e024"}, bytes: [2]byte{0xe0, 0x24}, problem: "both given"},
		"one byte":          {override: ophub.BootOverride{Flags: "e0"}, problem: "want two bytes"},
		"three bytes":       {override: ophub.BootOverride{Flags: "e02400"}, problem: "want two bytes"},
		"no digits":         {override: ophub.BootOverride{Flags: "e0zz"}, problem: "want two bytes"},
		"without valid bit": {override: ophub.BootOverride{Flags: "6024"}, problem: "without bit 7"},
	} {
		t.Run(name, func(t *testing.T) {
			host := ophub.Host{Name: "node1", MACs: []string{"52:54:00:00:00:01"}, Override: tc.override}
			err := host.Validate()
			if (err == nil) != (tc.problem == "") || err != nil && !strings.Contains(err.Error(), tc.problem) {
				t.Errorf("validate: %v, want %q", err, tc.problem)
			}
			if strings.HasPrefix(tc.problem, "w") { // the bytes mean nothing
				return
			}
			if got := tc.override.Bytes(); got != tc.bytes {
				t.Errorf("bytes % x, want % x", got, tc.bytes)
			}
			if got := tc.override.UsedUp(); got != tc.usedUp {
				t.Errorf("used up: %v", got)
			}
		})
	}
}
