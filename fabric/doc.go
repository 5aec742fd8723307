// Package fabric describes switches as data: their VLANs, their ports, what was
// observed on them, what is wanted of them, and the change that leads from one
// to the other. It knows no command and no protocol: the dialects (package ios
// and its siblings) read devices into these types and turn wants into commands.
//
// The types keep two promises. A VLAN list is a set, so that no spelling or
// line wrapping is ever a difference. And an observation keeps the lines that
// this package does not understand, so that nothing is ever lost or touched
// for want of understanding.
package fabric
