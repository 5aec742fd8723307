// Package iossim is a simulated Cisco IOS switch: its command line over SSH,
// with a configuration that is kept, shown, saved and lost as on the real one,
// and that decides what a data plane (lab/wire) forwards.
//
// What it knows, it checks and shows as the device does: VLANs and VTP, ports
// and port-channels, voice VLANs, spanning tree, storm control, port security,
// DHCP snooping, LLDP and CDP, PoE, speed and MTU, VLAN interfaces, archives and
// timers that take a change back. Other lines of a configuration are kept and
// shown, and do nothing. [Profiles] lists the models; [Captured] makes a switch
// from the running configuration of a real one; [Fault] makes it misbehave.
//
// What it leaves out: dynamic trunking and LACP are not negotiated (a dynamic
// port stays an access port, and the neighbour of a port-channel is taken to
// agree), there is one spanning tree for all VLANs without waiting times, VTP
// is not spoken to other switches, and speeds, storms and secure addresses do
// not change what is forwarded.
//
// It is written from how devices behave and shares nothing with the package
// that configures them: two independent readings of IOS.
package iossim
