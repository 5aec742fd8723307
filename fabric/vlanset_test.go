package fabric

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestParseVLANSet(t *testing.T) {
	for _, tc := range []struct {
		in, want string
		n        int
	}{
		{"1", "1", 1},
		{"1,2,3", "1-3", 3},
		{"3, 2,\n  1", "1-3", 3},
		{"10-12,11-20", "10-20", 11},
		{"14-15", "14,15", 2},
		{"1,3-5,7", "1,3-5,7", 5},
		{"all", "all", 4094},
		{"ALL", "all", 4094},
		{"1-4094", "all", 4094},
		{"1-2000,2001-4094", "all", 4094},
		{"none", "none", 0},
		{"except 999", "1-998,1000-4094", 4093},
		{"except 1-4094", "none", 0},
		{" 007 ", "7", 1},
	} {
		got, err := ParseVLANSet(tc.in)
		if err != nil || got.String() != tc.want || got.Len() != tc.n {
			t.Errorf("%q: got %q with %d VLANs, %v; want %q with %d", tc.in, got, got.Len(), err, tc.want, tc.n)
		}
		if again, err := ParseVLANSet(got.String()); err != nil || again != got {
			t.Errorf("%q does not read back: %q, %v", got, again, err)
		}
	}
	for _, bad := range []string{"", " ", "0", "4095", "1,,2", "5-3", "1-", "-", "a", "1;2", "except", "except x", "+5", "1.0", "99999999999999999999", strings.Repeat("1,", 40000)} {
		if got, err := ParseVLANSet(bad); err == nil {
			t.Errorf("%.20q is taken for %q", bad, got)
		}
	}
}

func TestVLANSetOps(t *testing.T) {
	set := func(s string) VLANSet {
		v, err := ParseVLANSet(s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	a, b := set("1-10,20"), set("5-15")
	for _, tc := range []struct {
		op        string
		got, want VLANSet
	}{
		{"union", a.Union(b), set("1-15,20")},
		{"minus", a.Minus(b), set("1-4,20")},
		{"intersect", a.Intersect(b), set("5-10")},
		{"minus itself", a.Minus(a), NoVLANs()},
		{"all minus", AllVLANs().Minus(set("1-4093")), set("4094")},
		{"union to all", set("1-4000").Union(set("3000-4094")), AllVLANs()},
	} {
		if tc.got != tc.want || !tc.got.Equal(tc.want) {
			t.Errorf("%s: %q, want %q", tc.op, tc.got, tc.want)
		}
	}
	if !a.Contains(20) || a.Contains(11) || a.Contains(0) || a.Contains(5000) || a.Contains(-3) {
		t.Error("Contains")
	}
	if got := slices.Collect(set("3,1,2").All()); !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("All: %v", got)
	}
	var unset VLANSet
	if !unset.IsZero() || unset.IsNone() || unset == NoVLANs() || NoVLANs().IsZero() {
		t.Error("not set and none are the same")
	}
	if _, err := NewVLANSet(1, 4095); err == nil {
		t.Error("4095 is taken")
	}
}

func TestVLANSetJSON(t *testing.T) {
	in := Port{Name: "x", Allowed: NoVLANs()}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out Port
	if err := json.Unmarshal(b, &out); err != nil || out.Allowed != NoVLANs() {
		t.Errorf("%s gives %q, %v", b, out.Allowed, err)
	}
	if b, _ = json.Marshal(Port{Name: "x"}); strings.Contains(string(b), "allowed") {
		t.Errorf("an unset list is written: %s", b)
	}
}

func FuzzParseVLANSet(f *testing.F) {
	for _, s := range []string{"1", "1-3,5", "all", "none", "except 5", "1,\n 2", "4094", "0", "1-4094", "-", ","} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := ParseVLANSet(s)
		if err != nil {
			return
		}
		again, err := ParseVLANSet(v.String())
		if err != nil || again != v {
			t.Fatalf("%q gives %q, which gives %q, %v", s, v, again, err)
		}
		if AllVLANs().Minus(v).Union(v) != AllVLANs() {
			t.Fatalf("%q and its complement are not all", v)
		}
	})
}
