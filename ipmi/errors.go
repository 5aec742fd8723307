package ipmi

import (
	"errors"
	"fmt"
	"time"
)

// AuthError says that the BMC refused the account. The same name and password are not tried again on that
// address by this process, because controllers lock accounts and keep each failed log-in's slot for 30 s.
type AuthError struct {
	// BMC is the name and address of the controller; Username is whom it refused.
	BMC, Username string
	// Reason is what the refusal looked like.
	Reason string
	// Remembered is true when nothing was sent, because an earlier try had failed.
	Remembered bool
}

func (e *AuthError) Error() string {
	if e.Remembered {
		return fmt.Sprintf("BMC %s refused the log-in of %q earlier (%s); not tried again, so as not to lock the account: correct the credentials", e.BMC, e.Username, e.Reason)
	}
	return fmt.Sprintf("BMC %s refused the log-in of %q: %s: check user name, password, privilege and whether the account may use IPMI over LAN", e.BMC, e.Username, e.Reason)
}

// UnreachableError says that no usable answer came from the BMC. It wraps the cause, which is the context's
// error when the context ended the wait.
type UnreachableError struct {
	// BMC is the name and address of the controller; Doing is what was being asked of it.
	BMC, Doing string
	// Waited is how long.
	Waited time.Duration
	// Err is the cause.
	Err error
}

func (e *UnreachableError) Error() string {
	said, hint := "no answer", "check its address, its cable and that IPMI over LAN is enabled"
	if errors.Is(e.Err, errBusy) {
		said, hint = "no session", "somebody else holds all that it has; one whose client has died ends after a minute"
	}
	return fmt.Sprintf("BMC %s: %s: %s after %s: %v: %s", e.BMC, e.Doing, said, e.Waited.Round(time.Millisecond), e.Err, hint)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// CommandError says that the BMC answered a command with a completion code other than success.
type CommandError struct {
	// BMC is the name and address of the controller; Command is what was asked.
	BMC, Command string
	// Code is IPMI's completion code.
	Code uint8
	// Text is the code's meaning.
	Text string
}

func (e *CommandError) Error() string {
	return fmt.Sprintf("BMC %s: %s: completion code 0x%02x (%s)", e.BMC, e.Command, e.Code, e.Text)
}

// StateError says that a verb was sent and the machine did not come into the state that it asks for.
type StateError struct {
	// BMC is the name and address of the controller; Verb is what was sent.
	BMC, Verb string
	// Want is what was waited for and Saw what was last read, in words.
	Want, Saw string
	// Waited is how long; Err is what ended the wait, or why the verb got no answer.
	Waited time.Duration
	Err    error
}

func (e *StateError) Error() string {
	msg := fmt.Sprintf("BMC %s: %s: waited %s for %s, last saw %s", e.BMC, e.Verb, e.Waited.Round(time.Millisecond), e.Want, e.Saw)
	if e.Err != nil {
		msg += ": " + e.Err.Error()
	}
	return msg
}

func (e *StateError) Unwrap() error { return e.Err }

// SuiteError says that the BMC offers none of the cipher suites that were asked for.
type SuiteError struct {
	// BMC is the name and address of the controller; Tried are the suites.
	BMC   string
	Tried []int
}

func (e *SuiteError) Error() string {
	return fmt.Sprintf("BMC %s offers none of the cipher suites %v: enable 17 or 3 on it", e.BMC, e.Tried)
}
