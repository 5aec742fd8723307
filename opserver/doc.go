// Package opserver is the service that machines boot from: DHCP, TFTP and HTTP for hosts, and an API and a status page
// for the operator.
//
// A machine is served when a host record names one of its MAC addresses, and is left alone otherwise. The opserver
// keeps no state of its own but the blobs in its keg: leases and the stages of each boot that it sees are records in
// the ophub, so several opservers can run side by side, and one that restarts goes on where it was.
//
// It takes its sockets from the caller, who may have them from ListenReal or from a lab's virtual network.
package opserver
