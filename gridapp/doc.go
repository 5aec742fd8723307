// Package gridapp runs applications on a kernel's hosts, as Nomad jobs. It is
// the only package that knows Nomad's API.
//
// A Spec says what to run: a command or a script from the keg, in how many
// shards, and perhaps a merge of what they printed. Run registers it, follows
// it, and brings back what it printed. A spec is named by its content (Spec.KID),
// which rides along in the job, so a Run that was cut off finds its own job
// again instead of starting another.
//
// A kernel is a Nomad namespace and a node pool: see Domain.
package gridapp
