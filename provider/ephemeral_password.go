package provider

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ ephemeral.EphemeralResource = (*bmcPassword)(nil)

type bmcPassword struct{}

func newBMCPassword() ephemeral.EphemeralResource { return &bmcPassword{} }

type bmcPasswordModel struct {
	Length   types.Int64  `tfsdk:"length"`
	Special  types.Bool   `tfsdk:"special"`
	Password types.String `tfsdk:"password"`
}

// The characters of passwords: what is easily mistaken for another is left out,
// and of the special ones those that a shell, a URL or a BMC's web page trips over.
const (
	lowerLetters = "abcdefghijkmnpqrstuvwxyz"
	upperLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
	digits       = "23456789"
	specials     = "-_.+=@"
)

func (p *bmcPassword) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_bmc_password"
}

func (p *bmcPassword) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A random password that every BMC takes, for write-only arguments such as `password_wo` of `cthulix_bmc`. It is in no plan and no state: " +
			"each run makes another one, so hand it to a secret store's write-only argument in the same run. It has a lower-case letter, an upper-case one and a digit at least. Needs Terraform 1.10 or OpenTofu 1.11.",
		Attributes: map[string]schema.Attribute{
			"length": schema.Int64Attribute{
				MarkdownDescription: "`16` (the default), which every client can log in with, or `20`, which takes IPMI 2.0.",
				Optional:            true, Computed: true,
				Validators: []validator.Int64{int64validator.OneOf(bmcShortPassword, bmcLongPassword)},
			},
			"special": schema.BoolAttribute{
				MarkdownDescription: "Have one of `" + specials + "` in it, for BMCs that ask for one. Default: `false`.",
				Optional:            true, Computed: true,
			},
			"password": schema.StringAttribute{
				MarkdownDescription: "The password.",
				Computed:            true, Sensitive: true,
			},
		},
	}
}

func (p *bmcPassword) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var m bmcPasswordModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if m.Length.IsNull() {
		m.Length = types.Int64Value(bmcShortPassword)
	}
	m.Special = types.BoolValue(m.Special.ValueBool())
	groups := []string{lowerLetters, upperLetters, digits}
	if m.Special.ValueBool() {
		groups = append(groups, specials)
	}
	password, err := randomPassword(int(m.Length.ValueInt64()), groups)
	if err != nil {
		resp.Diagnostics.AddError("No password could be made", err.Error())
		return
	}
	m.Password = types.StringValue(password)
	resp.Diagnostics.Append(resp.Result.Set(ctx, m)...)
}

// randomPassword draws until each group is in it, so that all passwords that
// qualify are equally likely.
func randomPassword(length int, groups []string) (string, error) {
	all := strings.Join(groups, "")
	most := big.NewInt(int64(len(all)))
	for {
		drawn := make([]byte, length)
		for i := range drawn {
			n, err := rand.Int(rand.Reader, most)
			if err != nil {
				return "", fmt.Errorf("draw a random number: %w", err)
			}
			drawn[i] = all[n.Int64()]
		}
		if qualifies(string(drawn), groups) {
			return string(drawn), nil
		}
	}
}

func qualifies(password string, groups []string) bool {
	for _, group := range groups {
		if !strings.ContainsAny(password, group) {
			return false
		}
	}
	return true
}
