package nxos

import (
	"context"
	"fmt"
)

// Status reads the operational state of all ports.
func (s *Session) Status(ctx context.Context) ([]PortStatus, error) {
	text, err := s.read(ctx, "show interface status", nil)
	if err != nil {
		return nil, err
	}
	rows, err := ParseStatus(text)
	if err != nil {
		return nil, fmt.Errorf("%s: show interface status: %w", s.target, err)
	}
	return rows, nil
}
