package ophub_test

import (
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// A MAC address has one spelling, whatever it was given in.
func FuzzNormalizeMAC(f *testing.F) {
	for _, s := range []string{"52:54:00:12:34:56", "52-54-00-AB-CD-EF", "5254.00ab.cdef", "", "ff:ff:ff:ff:ff:ff", "0:0:0:0:0:0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		mac, err := ophub.NormalizeMAC(s)
		if err != nil {
			return
		}
		again, err := ophub.NormalizeMAC(mac)
		if err != nil || again != mac || len(mac) != 17 {
			t.Errorf("%q became %q, and that %q, %v", s, mac, again, err)
		}
	})
}
