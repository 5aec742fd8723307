package machine

import (
	"context"
	"io"
)

// Serial is a chassis whose serial console can be talked to.
type Serial interface {
	Chassis
	// OpenSerial attaches to the console. It works while the machine is off, too, and stays attached over power-ons;
	// one may be attached at a time.
	OpenSerial(ctx context.Context) (io.ReadWriteCloser, error)
}
