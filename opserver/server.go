package opserver

import (
	"context"
	"errors"
)

// Server is one opserver.
type Server struct {
	Config
}

// New checks the configuration. It opens and sends nothing yet.
func New(config Config) (*Server, error) {
	if err := config.complete(); err != nil {
		return nil, err
	}
	return &Server{Config: config}, nil
}

// Run serves until ctx ends, which is no error, or until one of its parts fails.
func (s *Server) Run(ctx context.Context) error {
	return errors.New("opserver: serving is not built yet")
}
