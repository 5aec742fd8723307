// Package wire is the lab's data plane: a learning Ethernet switch with VLANs
// that runs in the process and needs no privilege.
//
// A [Switch] forwards what its port states say and nothing else. Who decides
// on those states (the simulated IOS in lab/iossim, or a test) calls
// [Switch.Configure]; who wants to be on the network attaches an [Endpoint] to
// a port: one end of a [Pipe] inside the process, or [ListenUnixgram] for a
// QEMU machine whose network device is `-netdev dgram` over unix sockets.
//
// As on a real switch frames are lost, never queued without bound: a port
// whose peer is absent or slow drops what does not fit, and counts it.
package wire
