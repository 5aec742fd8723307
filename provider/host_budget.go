package provider

import (
	"cmp"
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

type budgetModel struct {
	Attempts types.Int64 `tfsdk:"attempts"`
	Minutes  types.Int64 `tfsdk:"minutes"`
}

var budgetTypes = map[string]attr.Type{"attempts": types.Int64Type, "minutes": types.Int64Type}

func budgetAttribute() schema.SingleNestedAttribute {
	number := func(text string, standard, most int64) schema.Int64Attribute {
		return schema.Int64Attribute{
			MarkdownDescription: text,
			Optional:            true, Computed: true,
			Default:    int64default.StaticInt64(standard),
			Validators: []validator.Int64{int64validator.Between(1, most)},
		}
	}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "How often the machine may begin to boot without its agent registering before the opserver puts it in quarantine. " +
			"An apply that restarts it, or `cthulix host release`, lets it out. Left out, the defaults count.",
		Optional: true,
		Attributes: map[string]schema.Attribute{
			"attempts": number("So many boots. Default: 5.", ophub.DefaultAttempts, ophub.MaxAttempts),
			"minutes":  number("In so many minutes. Default: 15.", ophub.DefaultMinutes, ophub.MaxMinutes),
		},
	}
}

// budget is what the record is to say; nothing where nobody said anything.
func (m hostModel) budget(ctx context.Context, diags *diag.Diagnostics) ophub.Budget {
	if m.BootBudget.IsNull() || m.BootBudget.IsUnknown() {
		return ophub.Budget{}
	}
	var b budgetModel
	diags.Append(m.BootBudget.As(ctx, &b, asGiven)...)
	return ophub.Budget{Attempts: int(b.Attempts.ValueInt64()), Minutes: int(b.Minutes.ValueInt64())}
}

// observeBudget notes what the record says.
func (m *hostModel) observeBudget(ctx context.Context, b ophub.Budget, diags *diag.Diagnostics) {
	m.BootBudget = types.ObjectNull(budgetTypes)
	if b == (ophub.Budget{}) {
		return
	}
	o, more := types.ObjectValueFrom(ctx, budgetTypes, budgetModel{
		Attempts: types.Int64Value(int64(cmp.Or(b.Attempts, ophub.DefaultAttempts))),
		Minutes:  types.Int64Value(int64(cmp.Or(b.Minutes, ophub.DefaultMinutes))),
	})
	diags.Append(more...)
	m.BootBudget = o
}
