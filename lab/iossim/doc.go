// Package iossim is a simulated Cisco IOS switch: its command line over SSH,
// with a configuration that is kept, shown, saved and lost as on the real one,
// and that decides what a data plane (lab/wire) forwards.
//
// It is written from how devices behave and shares nothing with the package
// that configures them: two independent readings of IOS.
package iossim
