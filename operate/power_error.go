package operate

import (
	"errors"
	"fmt"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

// PowerError is a machine that got no power, or of which that is not known.
type PowerError struct {
	Host string
	// Late says that the BMC had time until the limit, and did not come to it.
	Late bool
	Err  error
}

// Error names the stage, what the BMC said, and the likely cause.
func (e *PowerError) Error() string {
	text := fmt.Sprintf("host %s stopped at stage \"power\": %v", e.Host, e.Err)
	var state *ipmi.StateError
	var refused *ipmi.CommandError
	switch {
	case errors.As(e.Err, &state) && state.Saw == string(ipmi.Off):
		text += fmt.Sprintf("; its BMC took the command, and the machine stays off: `cthulix host sel %s` shows the BMC's event log; "+
			"check its power supplies, and whether another controller of the chassis switches it", e.Host)
	case errors.As(e.Err, &refused):
		text += "; its BMC refuses: check that the account may switch the power, and that the BMC or its chassis has not locked that"
	}
	return text
}

// Unwrap returns what the BMC answered.
func (e *PowerError) Unwrap() error { return e.Err }
