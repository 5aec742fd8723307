package fabric

import "testing"

func TestLinkProblem(t *testing.T) {
	for status, want := range map[string]string{
		"connected": LinkUp, "monitoring": LinkUp, "up": LinkUp, "disabled": LinkShut, "err-disabled": LinkError, "errDisabl": LinkError,
		"inactive": LinkInactive, "suspended": LinkInactive, "notconnect": LinkMissing, "notconnec": LinkMissing, "sfpAbsent": LinkMissing, "xcvrAbsen": LinkMissing, "": LinkMissing,
	} {
		if got := (Link{Status: status}).Problem(); got != want {
			t.Errorf("%s: %q, want %q", status, got, want)
		}
	}
}
