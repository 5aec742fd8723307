// Package ophub keeps the records that all of Cthulix shares: hosts, kernels,
// releases, leases, how far each boot has come, and which agents live. They
// are kept in Consul, and this package is the only one that knows so.
//
// Records are JSON documents in Consul's key-value store under one prefix.
// Writers use check-and-set or transactions, so any number of opservers and
// providers can work on them at once; readers follow changes with blocking
// queries. A live agent is a record under a session: it is gone when its host
// is.
//
// Diagnose and WaitReady turn what was recorded of a boot into an answer to
// "is this host ready, and if not, where did it stop?".
package ophub
