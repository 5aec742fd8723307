package wire_test

import (
	"slices"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

func TestVLANs(t *testing.T) {
	all := wire.AllVLANs()
	if all.Len() != 4094 || all.Has(0) || !all.Has(1) || !all.Has(4094) || all.Has(4095) || all.Has(-1) {
		t.Errorf("all VLANs: %d", all.Len())
	}
	v := wire.VLANsOf(0, 1, 63, 64, 4094, 4095)
	if got := v.IDs(); !slices.Equal(got, []int{1, 63, 64, 4094}) {
		t.Errorf("IDs %v", got)
	}
	v.Remove(63)
	if v != wire.VLANsOf(1, 64, 4094) || v.Union(wire.VLANsOf(2)).Minus(wire.VLANsOf(1)) != wire.VLANsOf(2, 64, 4094) {
		t.Error("sets of the same VLANs differ")
	}
	if v.Intersect(wire.VLANsOf(64, 65)) != wire.VLANsOf(64) {
		t.Error("intersection")
	}
}
