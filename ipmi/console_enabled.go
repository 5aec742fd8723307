package ipmi

import (
	"context"
	"errors"
	"fmt"
)

var cmdSOL = command{"read the console's configuration", netTransport, 0x22}

// What is asked of the configuration: whether the console is enabled (IPMI 2.0 §26.3, table 26-5), on the channel that
// the question comes by.
const (
	selectSOLEnable = 1
	channelInUse    = 0x0e
	solEnabled      = 0x01
)

// ErrConsoleDisabled is a console that the controller's configuration keeps shut.
var ErrConsoleDisabled = errors.New("serial over LAN is disabled on it")

// EnabledConsole opens the console as [BMC.Console] does, where the controller's configuration says that it is enabled;
// else it is ErrConsoleDisabled, and nothing was asked to be opened. A controller that does not tell its configuration
// is asked for the console.
func (b *BMC) EnabledConsole(ctx context.Context) (*Console, error) {
	console, err := b.openConsole(ctx, func(v *conversation) error {
		answer, err := v.request(cmdSOL, channelInUse, selectSOLEnable, 0, 0)
		if refused(err) {
			return nil
		}
		if err == nil && len(answer) > 1 && answer[1]&solEnabled == 0 {
			return fmt.Errorf("BMC %s: %w", b.target.label(), ErrConsoleDisabled)
		}
		return err
	})
	if answered(err, codeConsoleDisabled) {
		return nil, fmt.Errorf("%w: %w", ErrConsoleDisabled, err)
	}
	return console, err
}

// ConsoleInUse tells whether an error is that of a console which somebody has open.
func ConsoleInUse(err error) bool {
	var code *CommandError
	return errors.As(err, &code) && code.Command == cmdActivate.name && code.Code == codeConsoleInUse
}
