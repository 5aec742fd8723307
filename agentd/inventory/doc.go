// Package inventory reads what a machine is made of out of Linux's /sys and
// /proc. It takes a file system in their place, so that a tree of files stands
// in for any machine.
package inventory
