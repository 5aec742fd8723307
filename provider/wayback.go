package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
)

// What is allowed at once where the configuration does not say.
const (
	defaultSwitches = 16
	defaultSessions = 2
)

func limitOf(v types.Int64, fallback int) int {
	if v.IsNull() || v.IsUnknown() {
		return fallback
	}
	return int(v.ValueInt64())
}

var wayBacks = []string{string(ios.WayBackAuto), string(ios.WayBackRevertTimer), string(ios.WayBackReload), string(ios.WayBackInverse)}

// isWayBackTimer checks that a text is a time after which switches can take a
// change back.
var isWayBackTimer wayBackTimer

type wayBackTimer struct{}

var _ validator.String = wayBackTimer{}

const (
	shortestTimer = 2 * time.Minute
	longestTimer  = 120 * time.Minute
)

func (wayBackTimer) Description(context.Context) string {
	return "whole minutes from 2m to 120m"
}

func (v wayBackTimer) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v wayBackTimer) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	d, err := time.ParseDuration(req.ConfigValue.ValueString())
	if err != nil || d < shortestTimer || d > longestTimer || d%time.Minute != 0 {
		resp.Diagnostics.AddAttributeError(req.Path, "No usable timer",
			fmt.Sprintf("%q is not a time after which switches can take a change back: write %s, such as \"10m\".", req.ConfigValue.ValueString(), v.Description(ctx)))
	}
}
