// Package path proves that a planned change never cuts the way by which the
// switch is managed: it works out that way from an observation (the interface
// that holds the management address, its VLAN, the port or port-channel where
// the VLAN comes in, the next hop of the answers), plays the planned lines one
// by one over a model of the switch, and says after which line the way would
// be gone, and why.
//
// It is pure: nothing is dialled, and the same arguments give the same answer.
// It errs on the side of refusing. What the other end of a cable would do
// about a change is never taken for granted, and what is not known is said.
package path
