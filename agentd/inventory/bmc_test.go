package inventory

import (
	"errors"
	"fmt"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// bmc answers by what was asked, in hexadecimal; it does not know the rest.
func bmc(answers map[string]string) Ask {
	return func(netFn, command byte, data ...byte) ([]byte, error) {
		if a, ok := answers[fmt.Sprintf("%02x %02x %x", netFn, command, data)]; ok {
			return []byte(a), nil
		}
		return []byte{0xcc}, nil // invalid data field
	}
}

func TestAskBMC(t *testing.T) {
	lan, serial := "\x00\x01\x04\x01\x80", "\x00\x02\x05\x01\x80"
	for name, c := range map[string]struct {
		answers map[string]string
		want    ophub.InBandBMC
	}{
		"the second channel has an address": {map[string]string{
			"06 42 01": serial, "06 42 02": lan, "06 42 08": lan,
			"0c 02 02030000": "\x00\x11\x00\x00\x00\x00",
			"0c 02 08030000": "\x00\x11\x0a\x1e\x00\x05", "0c 02 08050000": "\x00\x11\xb0\x26\x28\x00\x00\x09",
		}, ophub.InBandBMC{Address: "10.30.0.5", MAC: "b0:26:28:00:00:09"}},
		"no MAC":      {map[string]string{"06 42 01": lan, "0c 02 01030000": "\x00\x11\x0a\x1e\x00\x05"}, ophub.InBandBMC{Address: "10.30.0.5"}},
		"short":       {map[string]string{"06 42 01": lan, "0c 02 01030000": "\x00\x11\x0a"}, ophub.InBandBMC{Missing: "the BMC has no address on any of its 1 LAN channels"}},
		"no LAN":      {map[string]string{"06 42 01": serial, "06 42 02": "\x00"}, ophub.InBandBMC{Missing: "the BMC has no LAN channel"}},
		"empty words": {map[string]string{"06 42 01": ""}, ophub.InBandBMC{Missing: "the BMC has no LAN channel"}},
	} {
		if got := AskBMC(bmc(c.answers)); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if got := AskBMC(func(byte, byte, ...byte) ([]byte, error) { return nil, errors.New("no answer") }); got.Missing != "no answer" {
		t.Errorf("%+v", got)
	}
}
