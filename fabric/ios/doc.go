// Package ios speaks the dialect of Cisco IOS and IOS-XE switches: it reads
// their configuration and tables into the types of package fabric, plans the
// commands that lead from an observation to a want, and applies them over SSH
// as a transaction.
//
// Reading and planning are pure functions of text and values. The session
// classifies each answer by a table (see answers.go), since a line that begins
// with a percent sign can be a success, and a refusal can begin without one.
package ios
