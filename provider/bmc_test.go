package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// userPassword is what the accounts of these tests are given, which may turn up
// nowhere either.
const userPassword = "swordfish-user"

// longPassword has the most bytes that there is room for.
const longPassword = "another-password-020"

// controlled is a BMC of a machine that does nothing.
type controlled struct {
	t       testing.TB
	address string
	bmc     *bmc.BMC
	machine *machine.Memory
}

func newControlled(t testing.TB, change ...func(*bmc.Config)) *controlled {
	t.Helper()
	c := &controlled{t: t, machine: &machine.Memory{}}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.address = conn.LocalAddr().String()
	config := bmc.Config{Name: t.Name(), Username: "ADMIN", Password: bmcPassword}
	for _, to := range change {
		to(&config)
	}
	if c.bmc, err = bmc.New(config, c.machine); err != nil {
		t.Fatal(err)
	}
	serve(t, "the BMC", func(ctx context.Context) error { return c.bmc.Serve(ctx, conn) })
	return c
}

// byHand is somebody else at the controller.
func (c *controlled) byHand() *ipmi.BMC {
	return ipmi.New(ipmi.Target{Name: "by hand", Address: c.address, Username: "ADMIN", Password: bmcPassword})
}

// as logs in with another account, and returns what came of it. A pool of its
// own forgets earlier refusals.
func (c *controlled) as(name, password string) error {
	_, err := ipmi.NewPool().Get(ipmi.Target{Address: c.address, Username: name, Password: password}).Power(context.Background())
	return err
}

// user is an account, as somebody else sees it; nil when there is none.
func (c *controlled) user(name string) *ipmi.User {
	c.t.Helper()
	users, err := c.byHand().Users(context.Background(), 0)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, u := range users {
		if u.Name == name {
			return &u
		}
	}
	return nil
}

// makeUser makes an account by hand.
func (c *controlled) makeUser(slot int, name string, p ipmi.Privilege) {
	c.t.Helper()
	b, ctx := c.byHand(), context.Background()
	err := errors.Join(b.SetUserName(ctx, slot, name), b.SetUserPassword(ctx, slot, userPassword, 16),
		b.SetUserAccess(ctx, 0, slot, ipmi.Access{Privilege: p, Messaging: true}), b.EnableUser(ctx, slot, true))
	if err != nil {
		c.t.Fatal(err)
	}
}

const node1BMC = "cthulix_bmc.node1"

func bmcConfig(w *world, c *controlled, body string) string {
	return w.config(fmt.Sprintf(`
resource "cthulix_bmc" "node1" {
  address     = %q
  credentials = "bmc"
  %s
}`, c.address, body))
}

func monitor(privilege, more string) string {
	return fmt.Sprintf(`users = {
    ADMIN   = { privilege = "administrator" }
    monitor = { privilege = %q, password_wo = %q, %s }
  }`, privilege, userPassword, more)
}

func plansBMC(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{
		PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(node1BMC, action)},
		PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
	}
}

// checkUser compares an account with what is wanted of it.
func (c *controlled) checkUser(name, privilege string, enabled bool) resource.TestCheckFunc {
	return func(*terraform.State) error {
		u := c.user(name)
		if u == nil {
			return fmt.Errorf("there is no %s", name)
		}
		if u.Access.Privilege.String() != privilege || u.Enabled != enabled || !u.Access.Messaging {
			return fmt.Errorf("%s is %+v", name, *u)
		}
		return nil
	}
}

func TestBMCUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newControlled(t)
	c.makeUser(5, "old", ipmi.PrivilegeOperator)
	ctx := context.Background()
	w.test(
		resource.TestStep{
			Config: bmcConfig(w, c, monitor("user", "password_wo_version = 1")), ConfigPlanChecks: plansBMC(plancheck.ResourceActionCreate),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(node1BMC, tfjsonpath.New("users").AtMapKey("monitor").AtMapKey("password_wo"), knownvalue.Null()),
				statecheck.ExpectKnownValue(node1BMC, tfjsonpath.New("users").AtMapKey("ADMIN").AtMapKey("privilege"), knownvalue.StringExact("administrator")),
			},
			Check: resource.ComposeAggregateTestCheckFunc(c.checkUser("monitor", "user", true), func(s *terraform.State) error {
				if err := c.as("monitor", userPassword); err == nil {
					return errors.New("a user may do what an operator may")
				}
				b, err := json.Marshal(s)
				if err == nil && bytes.Contains(b, []byte(userPassword)) {
					err = errors.New("the state holds the password")
				}
				return errors.Join(err, noSecret("the state", b))
			}),
		},
		// Raised, and given another password.
		resource.TestStep{
			Config: bmcConfig(w, c, strings.ReplaceAll(monitor("operator", "password_wo_version = 2"), userPassword, longPassword)), ConfigPlanChecks: plansBMC(plancheck.ResourceActionUpdate),
			Check: resource.ComposeAggregateTestCheckFunc(c.checkUser("monitor", "operator", true), func(*terraform.State) error {
				return c.as("monitor", longPassword)
			}),
		},
		// Somebody lowers it, and it is raised again.
		resource.TestStep{
			PreConfig: func() {
				if err := c.byHand().SetUserAccess(ctx, 0, c.user("monitor").ID, ipmi.Access{Privilege: ipmi.PrivilegeUser, Messaging: true}); err != nil {
					t.Fatal(err)
				}
			},
			Config: bmcConfig(w, c, monitor("operator", "password_wo_version = 2")), ConfigPlanChecks: plansBMC(plancheck.ResourceActionUpdate),
			Check: c.checkUser("monitor", "operator", true),
		},
		// Somebody removes it, and it is made again.
		resource.TestStep{
			PreConfig: func() {
				if err := c.byHand().SetUserName(ctx, c.user("monitor").ID, ""); err != nil {
					t.Fatal(err)
				}
			},
			Config: bmcConfig(w, c, monitor("operator", "password_wo_version = 2")), ConfigPlanChecks: plansBMC(plancheck.ResourceActionUpdate),
			Check: c.checkUser("monitor", "operator", true),
		},
		resource.TestStep{
			Config: bmcConfig(w, c, monitor("operator", "password_wo_version = 2, enabled = false")), ConfigPlanChecks: plansBMC(plancheck.ResourceActionUpdate),
			Check: c.checkUser("monitor", "operator", false),
		},
		resource.TestStep{
			ResourceName: node1BMC, ImportState: true, ImportStateId: c.address + "/bmc",
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "address",
			// It takes up all that is there.
			ImportStateVerifyIgnore: []string{"lan", "restore_policy", "users", "timeouts"},
		},
	)
	if u := c.user("monitor"); u != nil {
		t.Errorf("destroy left the account that was made: %+v", *u)
	}
	for _, name := range []string{"ADMIN", "old"} {
		if u := c.user(name); u == nil || !u.Enabled {
			t.Errorf("destroy did not leave %s alone: %+v", name, u)
		}
	}
}

// An import by identity takes up all that the controller has, and makes none of
// it the resource's own.
func TestBMCImportByIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newControlled(t)
	c.makeUser(5, "old", ipmi.PrivilegeOperator)
	p := w.protocol(t)
	state, id, diags := p.adopt("cthulix_bmc", map[string]any{"address": c.address, "credentials": "bmc"})
	p.must(diags)
	text := state.String() + id.String()
	for _, part := range []string{c.address, "ADMIN", "old", "operator", "static", "02:"} {
		if !strings.Contains(text, part) {
			t.Errorf("there is no %q in %s", part, text)
		}
	}
	if err := noSecret("the state", []byte(text)); err != nil {
		t.Error(err)
	}
	_, _, diags = p.adopt("cthulix_bmc", map[string]any{"address": c.address, "credentials": ""})
	if len(diags) == 0 {
		t.Error("an import without credentials is taken")
	}
}
