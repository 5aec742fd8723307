package agentd

import (
	"context"
	"net/http"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// stageReport is the body of POST /v1/stage.
type stageReport struct {
	MAC    string      `json:"mac"`
	Stage  ophub.Stage `json:"stage"`
	Detail string      `json:"detail,omitempty"`
	Image  keg.KID     `json:"image,omitempty"`
	BootID string      `json:"boot_id,omitempty"`
}

// report tells the opserver what stage the host has reached, or what keeps it
// from the next. It is a courtesy: a report that gets lost stops nothing.
func (a *agent) report(ctx context.Context, stage ophub.Stage, detail string) {
	body := stageReport{
		MAC: a.params.MAC, Stage: stage, Detail: shorten(detail, maxReported), Image: a.params.Image, BootID: a.bootID,
	}
	if err := a.call(ctx, http.MethodPost, a.params.Opserver+"/v1/stage", body, nil); err != nil && ctx.Err() == nil {
		a.log.Warn("could not tell the opserver", "stage", string(stage), "error", err)
	}
}

// trouble is a persist callback: the boot stays at its stage, and the record
// says why.
func (a *agent) trouble(ctx context.Context, stage ophub.Stage) func(error) {
	return func(err error) { a.report(ctx, stage, err.Error()) }
}
