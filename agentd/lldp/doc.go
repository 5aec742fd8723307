// Package lldp is a station's part of the Link Layer Discovery Protocol (IEEE
// 802.1AB-2016): it tells the device at the other end of a cable who we are, and
// hears who that is. A [PDU] is what is said; a [Port] says and hears it on one
// link, whose frames come by a [Conn].
package lldp
