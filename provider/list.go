package provider

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	query "github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ provider.ProviderWithListResources = (*cthulix)(nil)

// ListResources are what `terraform query` can look for, in Terraform 1.14 and
// later: it writes import blocks for what is found. Each is its resource's own
// business, so that a thing is described as an import describes it.
func (p *cthulix) ListResources(context.Context) []func() query.ListResource {
	return []func() query.ListResource{
		func() query.ListResource { return &switchResource{} },
		func() query.ListResource { return &vlanResource{} },
		func() query.ListResource { return &switchPortResource{} },
		func() query.ListResource { return &hostResource{} },
	}
}

// listed is one thing that was found.
type listed struct {
	id      identity
	display string
	// describe fills in the whole resource, as an import and the refresh after it
	// would. It is called only when the query includes resources.
	describe func(ctx context.Context, to *tfsdk.Resource, diags *diag.Diagnostics)
}

func (l listed) result(ctx context.Context, req query.ListRequest) query.ListResult {
	result := req.NewListResult(ctx)
	result.DisplayName = l.display
	l.id.set(ctx, result.Identity, &result.Diagnostics)
	if req.IncludeResource {
		l.describe(ctx, result.Resource, &result.Diagnostics)
	}
	return result
}

// limited yields results until the query has as many as it wants. Warnings,
// which have no identity, do not count.
func limited(results iter.Seq[query.ListResult], limit int64) iter.Seq[query.ListResult] {
	return func(yield func(query.ListResult) bool) {
		var n int64
		for r := range results {
			if !yield(r) {
				return
			}
			if r.Identity != nil {
				n++
			}
			if limit > 0 && n >= limit {
				return
			}
		}
	}
}

func switchesFilter(what string) schema.ListAttribute {
	return schema.ListAttribute{
		MarkdownDescription: what,
		ElementType:         types.StringType,
		Optional:            true,
		Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.UniqueValues()},
	}
}

// listSwitches yields what find finds on each of the named switches, or on all,
// in the order of their names. Terraform gives a query up at its first error, so
// a switch that cannot be read is a warning, and the others are listed.
func (s *site) listSwitches(ctx context.Context, req query.ListRequest, named types.List, find func(sw string, seen sight) []listed) iter.Seq[query.ListResult] {
	names, diags := s.queried(ctx, named)
	if diags.HasError() {
		return query.ListResultsStreamDiagnostics(diags)
	}
	return limited(func(yield func(query.ListResult) bool) {
		for r := range s.readings(ctx, names) {
			if r.err != nil {
				if !yield(query.ListResult{Diagnostics: diag.Diagnostics{diag.NewWarningDiagnostic("Not listed: switch "+r.name, r.err.Error()+"\n\nNothing of it is in the result.")}}) {
					return
				}
				continue
			}
			for _, l := range find(r.name, r.seen) {
				if !yield(l.result(ctx, req)) {
					return
				}
			}
		}
	}, req.Limit)
}

// queried are the names of the switches that a query is about.
func (s *site) queried(ctx context.Context, named types.List) (names []string, diags diag.Diagnostics) {
	if s == nil || s.switchesUnknown {
		diags.AddError("The switches are not known", errUnknownConfiguration.Error()+". A query needs a provider block that is known: apply first what it depends on.")
		return nil, diags
	}
	if named.IsNull() {
		return keys(s.switches), nil
	}
	diags.Append(named.ElementsAs(ctx, &names, false)...)
	for i, name := range names {
		var unknown *unknownSwitchError
		if _, err := s.device(name); errors.As(err, &unknown) {
			diags.AddAttributeError(path.Root("switches").AtListIndex(i), "Unknown switch", err.Error())
		}
	}
	slices.Sort(names)
	return names, diags
}

// reading is a switch that was read, or why it was not.
type reading struct {
	name string
	seen sight
	err  error
}

// readings reads switches at the same time, as many as the provider's limits
// allow, and yields them in the order given. A switch that some list has read
// before is not read again. It returns once no reader is left.
func (s *site) readings(ctx context.Context, names []string) iter.Seq[reading] {
	return func(yield func(reading) bool) {
		var readers sync.WaitGroup
		defer readers.Wait()
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(fmt.Errorf("the query wants no more"))
		coming := make([]chan reading, len(names))
		for i, name := range names {
			coming[i] = make(chan reading, 1)
			readers.Go(func() {
				seen, err := s.sightOf(ctx, name)
				coming[i] <- reading{name, seen, err}
			})
		}
		for _, c := range coming {
			if !yield(<-c) {
				return
			}
		}
	}
}

func (s *site) sightOf(ctx context.Context, name string) (sight, error) {
	d, err := s.device(name)
	if err != nil {
		return sight{}, err
	}
	return d.observe(ctx)
}
