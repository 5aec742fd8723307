package gridapp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/hashicorp/nomad/api"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// A finished batch is remembered in a variable of Nomad's: the KID of its spec,
// and that of its result in the keg. Nomad forgets finished jobs after hours,
// and hosts that live in RAM forget outputs at once; this stays.

const recordDir = "cthulix/gridapps/"

const (
	itemSpec   = "spec"
	itemResult = "result"
)

// finished returns the KID of the spec that finished last, and of its result;
// ErrNotFound when none has.
func (c *Client) finished(ctx context.Context, namespace, name string) (spec, result keg.KID, err error) {
	what := "read the result of gridapp " + name
	q, cancel := c.query(ctx, namespace)
	defer cancel()
	items, _, err := c.nomad.Variables().GetVariableItems(recordDir+name, q)
	if errors.Is(err, api.ErrVariablePathNotFound) || notFound(err) {
		return "", "", c.fail(what, ErrNotFound)
	}
	if err != nil {
		return "", "", c.fail(what, err)
	}
	return keg.KID(items[itemSpec]), keg.KID(items[itemResult]), nil
}

// recall returns the result of a spec that finished before, if all of it is
// still in the keg.
func (c *Client) recall(ctx context.Context, s Spec, store keg.Store) (Result, bool, error) {
	spec, kid, err := c.finished(ctx, s.Namespace, s.Name)
	if errors.Is(err, ErrNotFound) || statusOf(err) == http.StatusForbidden {
		return Result{}, false, nil
	}
	if err != nil {
		return Result{}, false, err
	}
	if spec != s.KID() {
		return Result{}, false, nil
	}
	result, err := recallFrom(ctx, store, kid)
	if errors.Is(err, keg.ErrNotFound) {
		c.log.Warn("a finished result is not in the keg any more", "gridapp", s.Name, "error", err)
		return Result{}, false, nil
	}
	if err != nil {
		return Result{}, false, fmt.Errorf("gridapp %s: fetch its result: %w", s.Name, err)
	}
	return result, true, nil
}

func recallFrom(ctx context.Context, store keg.Store, kid keg.KID) (Result, error) {
	text, err := fetch(ctx, store, kid)
	if err != nil {
		return Result{}, err
	}
	var r Result
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return Result{}, fmt.Errorf("result %s: %w", kid.Short(), err)
	}
	for _, k := range r.OutputKIDs {
		text, err := fetch(ctx, store, k)
		if err != nil {
			return Result{}, err
		}
		r.Outputs = append(r.Outputs, text)
	}
	r.Output, err = fetch(ctx, store, r.OutputKID)
	r.Reused = true
	return r, err
}

func fetch(ctx context.Context, store keg.Store, kid keg.KID) (string, error) {
	blob, _, err := store.Open(ctx, kid)
	if err != nil {
		return "", err
	}
	defer blob.Close()
	text, err := io.ReadAll(blob)
	return string(text), err
}

// remember stores a finished result. Without it, a later Run looks for the job.
func (c *Client) remember(ctx context.Context, s Spec, r Result, store keg.Store) error {
	what := "store the result of gridapp " + s.Name
	text, err := json.Marshal(r)
	if err != nil {
		return c.fail(what, err)
	}
	kid, _, err := store.Put(ctx, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	w, cancel := c.write(ctx, s.Namespace)
	defer cancel()
	_, _, err = c.nomad.Variables().Update(&api.Variable{
		Namespace: s.Namespace, Path: recordDir + s.Name,
		Items: api.VariableItems{itemSpec: s.KID().String(), itemResult: kid.String()},
	}, w)
	if statusOf(err) == http.StatusForbidden {
		c.log.Warn("result not stored in Nomad: the token may not write variables", "gridapp", s.Name)
		return nil
	}
	return c.fail(what, err)
}

func (c *Client) forget(ctx context.Context, namespace, path string) error {
	w, cancel := c.write(ctx, namespace)
	defer cancel()
	_, err := c.nomad.Variables().Delete(path, w)
	if notFound(err) || errors.Is(err, api.ErrVariablePathNotFound) {
		return nil
	}
	return c.fail("forget "+path, err)
}

func (c *Client) purgeRecords(ctx context.Context, namespace string) error {
	q, cancel := c.query(ctx, namespace)
	defer cancel()
	records, _, err := c.nomad.Variables().PrefixList(recordDir, q)
	if err != nil {
		return err
	}
	for _, r := range records {
		if err := c.forget(ctx, namespace, r.Path); err != nil {
			return err
		}
	}
	return nil
}
