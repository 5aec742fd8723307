package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// isSpan checks that a text is a length of time that is not negative.
var isSpan = span{}

// span checks that a text is a length of time that is not negative, and more.
type span struct {
	// most is the longest; zero is no limit, and why says whose limit it is.
	most time.Duration
	why  string
	// word is a text that is allowed besides.
	word string
}

var _ validator.String = span{}

// Description implements validator.Describer.
func (v span) Description(context.Context) string {
	text := "a length of time, such as 90s or 5m"
	if v.word != "" {
		text += fmt.Sprintf(", or %q", v.word)
	}
	return text
}

// MarkdownDescription implements validator.Describer.
func (v span) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateString implements validator.String.
func (v span) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	text := req.ConfigValue.ValueString()
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || v.word != "" && text == v.word {
		return
	}
	switch d, err := time.ParseDuration(text); {
	case err != nil || d < 0:
		resp.Diagnostics.AddAttributeError(req.Path, "No length of time", fmt.Sprintf("%q is not %s.", text, v.Description(ctx)))
	case v.most > 0 && d > v.most:
		resp.Diagnostics.AddAttributeError(req.Path, "Too long", fmt.Sprintf("%s: %s.", d, v.why))
	}
}

// spanOf reads a length of time from the configuration of an action, which its
// validator has seen.
func spanOf(ctx context.Context, config tfsdk.Config, name string, fallback time.Duration, diags *diag.Diagnostics) time.Duration {
	var text types.String
	diags.Append(config.GetAttribute(ctx, path.Root(name), &text)...)
	if d, err := time.ParseDuration(text.ValueString()); err == nil {
		return d
	}
	return fallback
}
