// Package agentd is the init and the host daemon of an LPD, the Linux that a
// host boots into RAM.
//
// As process 1 it mounts the kernel's file systems, loads the modules that the
// image lists, gets an address by DHCP and then locates itself: it asks the
// opserver that the host booted from who this host is and which kernels
// (compute domains, never the Linux kernel) it serves. It applies the host's
// Ignition config, registers in the ophub under a record that lives as long as
// the agent renews it, and runs one Nomad client for each kernel from a
// release that it downloads by KID. It reaps the orphans that only process 1
// can reap, and ends the host cleanly on a signal or the power button.
//
// Everything that needs Linux, or being process 1, is behind [OS]: a test runs
// the whole sequence without privileges against real HTTP servers.
package agentd
