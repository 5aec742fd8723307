package bmc

import (
	"crypto/sha256"
	"net"
	"net/netip"
	"sync"

	"github.com/bougou/go-ipmi/pkg/handlers"
	"github.com/bougou/go-ipmi/pkg/types"
)

// The LAN parameters that are kept, by their numbers.
const (
	lanSetInProgress = 0
	lanAuthSupport   = 1
	lanAuthEnables   = 2
	lanAddress       = 3
	lanSource        = 4
	lanMAC           = 5
	lanMask          = 6
	lanHeader        = 7
	lanPort          = 8
	lanARP           = 10
	lanARPInterval   = 11
	lanGateway       = 12
	lanGatewayMAC    = 13
	lanBackup        = 14
	lanBackupMAC     = 15
	lanCommunity     = 16
	lanVLAN          = 20
	lanPriority      = 21
	lanSuiteCount    = 22
	lanSuites        = 23
	lanPrivileges    = 24

	lanRevision = 0x11
	lanStatic   = 1
	// The states of a change; lanCommit changes nothing here, for what is written counts at once.
	lanComplete, lanChanging, lanCommit = 0, 1, 2
)

// lanReadOnly are the parameters that cannot be set.
var lanReadOnly = map[byte]bool{lanAuthSupport: true, lanPort: true, lanSuiteCount: true, lanSuites: true}

// lanConfig is the configuration of the network channel, as bytes. It is only written down: a lab's controller stays
// where it listens.
type lanConfig struct {
	mu     sync.Mutex
	values map[byte][]byte
}

func newLANConfig(name string, suites []types.CipherSuiteID) *lanConfig {
	digest := sha256.Sum256([]byte("cthulix lab bmc " + name))
	mac := append([]byte{0x02}, digest[:5]...) // locally administered
	list := []byte{0}
	privileges := make([]byte, 9)
	for i, suite := range suites {
		list = append(list, byte(suite))
		privileges[1+i/2] |= byte(4) << (4 * (i % 2)) // administrator
	}
	return &lanConfig{values: map[byte][]byte{
		lanSetInProgress: {lanComplete}, lanAuthSupport: {0}, lanAuthEnables: make([]byte, 5),
		lanAddress: {127, 0, 0, 1}, lanSource: {lanStatic}, lanMAC: mac, lanMask: {255, 0, 0, 0},
		lanHeader: {64, 0x40, 0x10}, lanPort: {0x6f, 0x02}, lanARP: {0x02}, lanARPInterval: {4},
		lanGateway: make([]byte, 4), lanGatewayMAC: make([]byte, 6), lanBackup: make([]byte, 4), lanBackupMAC: make([]byte, 6),
		lanCommunity: append([]byte("public"), make([]byte, 12)...),
		lanVLAN:      {0, 0}, lanPriority: {0},
		lanSuiteCount: {byte(len(suites))}, lanSuites: list, lanPrivileges: privileges,
	}}
}

// listenOn notes where the controller really listens.
func (l *lanConfig) listenOn(address net.Addr) {
	udp, ok := address.(*net.UDPAddr)
	if !ok {
		return
	}
	at := udp.AddrPort()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.values[lanPort] = []byte{byte(at.Port()), byte(at.Port() >> 8)}
	if ip := at.Addr().Unmap(); ip.Is4() && ip != netip.IPv4Unspecified() {
		l.values[lanAddress] = ip.AsSlice()
	}
}

func (l *lanConfig) register(r *handlers.Registry) {
	serve(r, types.CommandGetLanConfigParam, 4, func(data []byte) ([]byte, types.CompletionCode) {
		if !lanChannelIs(data[0]) {
			return nil, types.CodeRequestDataFieldInvalid
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		value, known := l.values[data[1]]
		if !known {
			return nil, types.CodeParameterNotSupported
		}
		return append([]byte{lanRevision}, value...), types.CodeOK
	})
	serve(r, types.CommandSetLanConfigParam, 3, func(data []byte) ([]byte, types.CompletionCode) {
		if !lanChannelIs(data[0]) {
			return nil, types.CodeRequestDataFieldInvalid
		}
		return nil, l.set(data[1], data[2:])
	})
}

// lanChannelIs says whether a channel's number means the network: by itself, or as "this one".
func lanChannelIs(channel byte) bool {
	return channel&0x0f == lanChannel || channel&0x0f == types.ChannelNumberSelf
}

func (l *lanConfig) set(selector byte, data []byte) types.CompletionCode {
	l.mu.Lock()
	defer l.mu.Unlock()
	value, known := l.values[selector]
	switch {
	case !known:
		return types.CodeParameterNotSupported
	case lanReadOnly[selector]:
		return types.CodeParamConfigSetReadOnly
	case len(data) != len(value):
		return types.CodeRequestDataLengthInvalid
	case selector != lanSetInProgress:
		l.values[selector] = append([]byte(nil), data...)
		return types.CodeOK
	}
	switch state := data[0] & 0x03; {
	case state == lanChanging && value[0] == lanChanging:
		return types.CodeParamConfigSetInProgressConflict
	case state != lanCommit:
		l.values[lanSetInProgress] = []byte{state}
	}
	return types.CodeOK
}
