// Package nxos speaks the dialect of Cisco NX-OS: it reads the running
// configuration and the tables of a Nexus into the types of package fabric, and
// plans the commands that lead from an observation to a want, and back.
//
// It knows VLANs, access and trunk ports and port-channels. What differs from
// IOS most: features are switched on before their commands exist, there is no
// line at the end of a running configuration, whether a port without lines is
// switched or routed depends on the platform, and there is no timer that would
// take single lines back (`configure replace … commit-timeout`, from 9.3 on, is
// for whole configurations): the way back is a checkpoint (see Checkpoint).
package nxos
