package inventory

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// Ask sends one IPMI request to the machine's own BMC. The first byte of the
// answer is the completion code.
type Ask func(netFn, command byte, data ...byte) ([]byte, error)

// Commands (IPMI 2.0, appendix G), the kind of channel that is a LAN (table 6-3)
// and the parameters of one (table 23-4).
const (
	netFnApp, getChannelInfo     = 0x06, 0x42
	netFnTransport, getLANConfig = 0x0c, 0x02

	mediumLAN              = 4
	lanAddress, lanMAC     = 3, 5
	firstChannel, channels = 1, 11
)

// AskBMC asks a BMC for the address of its first LAN channel that has one.
func AskBMC(ask Ask) ophub.InBandBMC {
	lans := 0
	for channel := byte(firstChannel); channel <= channels; channel++ {
		info, err := ask(netFnApp, getChannelInfo, channel)
		if err != nil {
			return ophub.InBandBMC{Missing: err.Error()}
		}
		// §22.24: the medium is in the third byte.
		if len(info) < 3 || info[0] != 0 || info[2]&0x7f != mediumLAN {
			continue
		}
		lans++
		address, err := lanParameter(ask, channel, lanAddress, 4)
		if err != nil {
			return ophub.InBandBMC{Missing: err.Error()}
		}
		mac, err := lanParameter(ask, channel, lanMAC, 6)
		if err != nil {
			return ophub.InBandBMC{Missing: err.Error()}
		}
		if a, ok := netip.AddrFromSlice(address); ok && !a.IsUnspecified() {
			return ophub.InBandBMC{Address: a.String(), MAC: net.HardwareAddr(mac).String()}
		}
	}
	if lans == 0 {
		return ophub.InBandBMC{Missing: "the BMC has no LAN channel"}
	}
	return ophub.InBandBMC{Missing: fmt.Sprintf("the BMC has no address on any of its %d LAN channels", lans)}
}

// lanParameter reads a parameter of so many bytes (§23.2), behind the completion
// code and the revision. A BMC that says no has none.
func lanParameter(ask Ask, channel, parameter byte, size int) ([]byte, error) {
	answer, err := ask(netFnTransport, getLANConfig, channel, parameter, 0, 0)
	if err != nil {
		return nil, err
	}
	if len(answer) < 2+size || answer[0] != 0 {
		return nil, nil
	}
	return answer[2 : 2+size], nil
}
