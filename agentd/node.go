package agentd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// nomadNode is what the agent reads of a node, through the client's own API,
// which asks the servers.
type nomadNode struct {
	ID                    string
	Status                string
	SchedulingEligibility string
	DrainStrategy         *struct{}
	LastDrain             *struct{ Meta map[string]string }
}

// How often a client that does not answer yet is asked, and how long one
// question waits for news.
const (
	nodeRetry    = 100 * time.Millisecond
	nodeRetryMax = 2 * time.Second
	nodeWait     = time.Minute
	// nodeGrace is how long a node that had joined stays so while nobody can
	// tell: the servers may be electing a leader.
	nodeGrace = 10 * time.Second
)

// watchNode follows the state of a node for as long as ctx lasts and tells
// each change. A question waits at the servers until there is news.
func (a *agent) watchNode(ctx context.Context, c nomadClient, tell func(ophub.KernelState)) {
	wait := &backoff{first: nodeRetry, max: nodeRetryMax}
	index, joined := uint64(0), false
	var good time.Time
	for {
		node, next, err := a.askNode(ctx, c, index)
		if ctx.Err() != nil {
			return
		}
		switch {
		case err != nil && joined && time.Since(good) < nodeGrace:
			index = 0
		case err != nil:
			tell(ophub.KernelState{NodeID: c.Kernel.ClientID, Status: ophub.KernelStarting, Error: err.Error()})
			index = 0
		case node.Status != "ready":
			tell(ophub.KernelState{NodeID: node.ID, Status: ophub.KernelStarting, Error: "Nomad's servers have the node as " + shorten(node.Status, maxShown)})
			index = next
		default:
			if !joined {
				if err := a.makeEligible(ctx, c, node); err != nil {
					a.log.Warn("the node stays ineligible", "kernel", c.Kernel.Name, "error", err)
				}
				joined = true
			}
			tell(ophub.KernelState{NodeID: node.ID, Status: ophub.KernelReady})
			good, index = time.Now(), next
			if index > 0 {
				wait.reset()
				continue
			}
		}
		if wait.wait(ctx) != nil {
			return
		}
	}
}

func (a *agent) askNode(ctx context.Context, c nomadClient, index uint64) (nomadNode, uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, nodeWait+callTimeout)
	defer cancel()
	var node nomadNode
	query := url.Values{"index": {strconv.FormatUint(index, 10)}, "wait": {nodeWait.String()}}
	address := c.localURL() + "/v1/node/" + c.Kernel.ClientID
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"?"+query.Encode(), nil)
	if err != nil {
		return node, 0, err
	}
	resp, err := a.cfg.HTTP.Do(req)
	if err != nil {
		return node, 0, fmt.Errorf("the Nomad client does not answer yet: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return node, 0, fmt.Errorf("read the node's state: %w", err)
	}
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return node, 0, fmt.Errorf("the node is not registered with Nomad's servers yet")
	case resp.StatusCode != http.StatusOK:
		return node, 0, &StatusError{Method: req.Method, URL: address, Code: resp.StatusCode, Text: shorten(string(body), maxShown)}
	}
	if err := json.Unmarshal(body, &node); err != nil {
		return node, 0, fmt.Errorf("read the node's state: %w", err)
	}
	next, _ := strconv.ParseUint(resp.Header.Get("X-Nomad-Index"), 10, 64)
	return node, next, nil
}

// selfDrain is the message that a Nomad client leaves with the drain that it
// asks for when it shuts down.
const selfDrain = "shutting down"

// makeEligible takes back the drain with which this host shut down the last
// time: Nomad keeps it across restarts. A drain that an operator asked for is
// left alone.
func (a *agent) makeEligible(ctx context.Context, c nomadClient, node nomadNode) error {
	if node.SchedulingEligibility != "ineligible" || node.LastDrain == nil || node.LastDrain.Meta["message"] != selfDrain {
		return nil
	}
	address := c.localURL() + "/v1/node/" + node.ID
	if node.DrainStrategy != nil {
		return a.call(ctx, http.MethodPost, address+"/drain", map[string]any{"NodeID": node.ID, "DrainSpec": nil, "MarkEligible": true}, nil)
	}
	return a.call(ctx, http.MethodPost, address+"/eligibility", map[string]any{"NodeID": node.ID, "Eligibility": "eligible"}, nil)
}
