//go:build linux && (amd64 || arm64)

package agentd

import "testing"

// TestIPMIRequestNumbers: the numbers hold the sizes of the driver's structures,
// as its header has them for 64 bits.
func TestIPMIRequestNumbers(t *testing.T) {
	if ipmiSend != 0x8028690d {
		t.Errorf("IPMICTL_SEND_COMMAND is %#x", uint64(ipmiSend))
	}
	if ipmiReceive != 0xc030690b {
		t.Errorf("IPMICTL_RECEIVE_MSG_TRUNC is %#x", uint64(ipmiReceive))
	}
}
