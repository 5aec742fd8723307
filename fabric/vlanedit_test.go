package fabric

import "testing"

func TestEdited(t *testing.T) {
	set := func(s string) VLANSet {
		if s == "" {
			return VLANSet{}
		}
		v, err := ParseVLANSet(s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ from, list, want string }{
		{"10", "20-22", "20-22"},
		{"10", "add 20-22", "10,20-22"},
		{"10-20", "remove 12", "10-11,13-20"},
		{"10", "remove 10", "none"},
		{"none", "add 5", "5"},
		{"", "add 5", "all"},
		{"", "remove 1-4093", "4094"},
		{"10", "all", "all"},
		{"10", "except 1-4000", "4001-4094"},
	} {
		got, err := set(c.from).Edited(c.list)
		if err != nil || got != set(c.want) {
			t.Errorf("%q, then %q: %v, %v, want %s", c.from, c.list, got, err, c.want)
		}
	}
	for _, bad := range []string{"", "add", "add x", "remove 5000", "ad 5"} {
		if got, err := set("10").Edited(bad); err == nil {
			t.Errorf("%q: %v, want an error", bad, got)
		}
	}
}
