package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// hostsKeg returns where hosts reach the keg: what the configuration says, else
// what the opserver says of itself.
func (s *site) hostsKeg(ctx context.Context) (string, error) {
	if s == nil {
		return "", errUnknownConfiguration
	}
	if s.kegURL != "" {
		return s.kegURL, nil
	}
	if err := s.opserver.check(); err != nil {
		return "", err
	}
	var status struct {
		URL string `json:"url"`
	}
	err := s.askOpserver(ctx, "/v1/hosts", &status)
	if err == nil && status.URL == "" {
		err = fmt.Errorf("it does not say: set opserver.keg_url in the provider block")
	}
	if err != nil {
		return "", fmt.Errorf("ask the opserver at %s where hosts reach its keg: %w", s.opserver.address, err)
	}
	return status.URL, nil
}

func (s *site) askOpserver(ctx context.Context, what string, answer any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(s.opserver.address, "/")+what, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("it answered %s", resp.Status)
	}
	return json.NewDecoder(io.LimitReader(resp.Body, 64<<20)).Decode(answer)
}
