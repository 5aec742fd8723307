package provider_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
)

// What would lock the provider out is refused at plan, and nothing is sent.
func TestBMCBadInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newControlled(t)
	password := fmt.Sprintf("password_wo = %q", userPassword)
	for name, body := range map[string]struct{ body, want string }{
		"demoted":            {`users = { ADMIN = { privilege = "operator" } }`, `(?s)lock the provider out.*privilege\s+operator`},
		"disabled":           {`users = { ADMIN = { privilege = "administrator", enabled = false } }`, `Disabled, it could not\s+log in`},
		"without a password": {`users = { monitor = { privilege = "user" } }`, `needs a password`},
		"long name":          {`users = { a-name-of-17-byte = { privilege = "user", ` + password + ` }, a-name-of-17-bytes = { privilege = "user", ` + password + ` } }`, `18 bytes long`},
		"long password":      {`users = { monitor = { privilege = "user", password_wo = "123456789012345678901" } }`, `21 bytes long`},
		"version of nothing": {`users = { monitor = { privilege = "user", password_wo_version = 1 } }`, `password_wo`},
		"LAN":                {`lan = { address = "127.0.0.2" }`, `(?s)cut the way to the controller.*allow_disruptive`},
		"VLAN":               {`lan = { vlan = 30 }`, `cut the way to the controller`},
		"DHCP with address":  {`lan = { source = "dhcp", address = "127.0.0.2" }`, `It comes by DHCP`},
		"no address":         {`lan = { address = "10.0.0.256" }`, `Not an IPv4 address`},
		"no mask":            {`lan = { netmask = "255.0.255.0" }`, `255\.0\.255\.0`},
		"policy":             {`restore_policy = "sometimes"`, `always_on`},
	} {
		t.Run(name, func(t *testing.T) {
			inner := *w
			inner.t = t
			inner.test(resource.TestStep{Config: bmcConfig(w, c, body.body), PlanOnly: true, ExpectError: regexp.MustCompile(body.want)})
		})
	}
	if u := c.user("ADMIN"); u == nil || !u.Enabled || u.Access.Privilege != ipmi.PrivilegeAdministrator {
		t.Errorf("it was touched: %+v", u)
	}
}

// A BMC has one owner, and one that is not there or refuses the login is named.
func TestBMCUnreachable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newControlled(t)
	two := bmcConfig(w, c, "") + "\n" + strings.ReplaceAll(bmcConfig(w, c, "")[strings.Index(bmcConfig(w, c, ""), "resource"):], "node1", "node2")
	wrong := strings.Replace(bmcConfig(w, c, ""), `credentials = "bmc"`, `credentials = "wrong"`, 1)
	nobody := strings.Replace(bmcConfig(w, c, ""), `credentials = "bmc"`, `credentials = "nobody"`, 1)
	w.test(
		resource.TestStep{Config: two, PlanOnly: true, ExpectError: regexp.MustCompile(`Claimed twice: the settings of BMC`)},
		resource.TestStep{Config: nobody, PlanOnly: true, ExpectError: regexp.MustCompile(`No such credentials`)},
		resource.TestStep{Config: wrong, ExpectError: regexp.MustCompile(`refused the login`)},
		resource.TestStep{
			Config:      strings.ReplaceAll(bmcConfig(w, c, `restore_policy = "always_on"`), c.address, "127.0.0.1:9"),
			ExpectError: regexp.MustCompile(`127\.0\.0\.1:9`),
		},
		resource.TestStep{Config: bmcConfig(w, c, "")},
	)
	if n := c.bmc.Counts().Logins - c.bmc.Counts().Sessions; n > 1 {
		t.Errorf("%d log-ins failed, want at most 1 with the wrong password", n)
	}
}

// Settings drift and are mended, and destroy brings back what was there.
func TestBMCSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newControlled(t)
	ctx := context.Background()
	c.makeUser(5, "old", ipmi.PrivilegeOperator)
	if err := c.byHand().SetRestorePolicy(ctx, ipmi.RestoreOff); err != nil {
		t.Fatal(err)
	}
	policy := func(want ipmi.RestorePolicy) resource.TestCheckFunc {
		return func(*terraform.State) error {
			got, err := c.byHand().RestorePolicy(ctx)
			if err == nil && got != want {
				err = fmt.Errorf("the restore policy is %s, want %s", got, want)
			}
			return err
		}
	}
	const settings = `
  on_destroy       = "restore"
  restore_policy   = "previous"
  allow_disruptive = true
  lan              = { source = "static", netmask = "255.255.0.0", vlan = 0 }
  `
	lowered := settings + `users = { old = { privilege = "user" } }`
	w.test(
		resource.TestStep{
			Config: bmcConfig(w, c, lowered), ConfigPlanChecks: plansBMC(plancheck.ResourceActionCreate),
			Check: resource.ComposeAggregateTestCheckFunc(policy(ipmi.RestorePrevious), c.checkUser("old", "user", true), func(*terraform.State) error {
				lan, err := c.byHand().LAN(ctx, 0)
				if err == nil && lan.Mask.String() != "255.255.0.0" {
					err = fmt.Errorf("the mask is %s", lan.Mask)
				}
				return err
			}),
		},
		resource.TestStep{
			PreConfig: func() {
				if err := c.byHand().SetRestorePolicy(ctx, ipmi.RestoreOn); err != nil {
					t.Fatal(err)
				}
			},
			Config: bmcConfig(w, c, lowered), ConfigPlanChecks: plansBMC(plancheck.ResourceActionUpdate), Check: policy(ipmi.RestorePrevious),
		},
		// An account that was found is given back as it was.
		resource.TestStep{
			Config: bmcConfig(w, c, settings), ConfigPlanChecks: plansBMC(plancheck.ResourceActionUpdate),
			Check: c.checkUser("old", "operator", true),
		},
	)
	if err := policy(ipmi.RestoreOff)(nil); err != nil {
		t.Error(err)
	}
}

// The account that the provider logs in with is not removed, even if it was
// made by the resource: not by taking it out, and not by destroy.
func TestBMCKeepsItsLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newControlled(t)
	second := func(config string) string {
		config = strings.Replace(config, `wrong   = {`, fmt.Sprintf("second  = { username = \"second\", password = %q }\n    wrong   = {", userPassword), 1)
		return config
	}
	both := fmt.Sprintf(`users = { ADMIN = { privilege = "administrator" }, second = { privilege = "administrator", password_wo = %q } }`, userPassword)
	as := func(body string) string {
		return second(strings.Replace(bmcConfig(w, c, body), `credentials = "bmc"`, `credentials = "second"`, 1))
	}
	w.test(
		resource.TestStep{Config: second(bmcConfig(w, c, both))},
		resource.TestStep{Config: as(both)},
		resource.TestStep{
			Config: as(`users = { ADMIN = { privilege = "administrator" } }`), PlanOnly: true, ExpectError: regexp.MustCompile(`(?s)lock the provider out.*"second"`),
		},
		// The other administrator may be lowered now.
		resource.TestStep{Config: as(strings.Replace(both, "administrator", "user", 1)), Check: c.checkUserAs("second", "ADMIN", "user")},
	)
	if err := c.as("second", userPassword); err != nil {
		t.Errorf("destroy locked the provider out: %v", err)
	}
}

// The provider's own password is changed last, and proven. From then on the old
// one is refused, and the new one finds nothing to do.
func TestBMCOwnPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newControlled(t)
	config := bmcConfig(w, c, fmt.Sprintf(`
  restore_policy = "always_on"
  users          = { ADMIN = { privilege = "administrator", password_wo = %q, password_wo_version = 1 } }`, longPassword))
	w.test(
		resource.TestStep{Config: config, ExpectError: regexp.MustCompile(`refused the login`)}, // by the refresh after the apply
		resource.TestStep{
			Config: strings.ReplaceAll(config, bmcPassword, longPassword),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(node1BMC, plancheck.ResourceActionNoop)},
			},
		},
	)
	if err := c.as("ADMIN", longPassword); err != nil {
		t.Error(err)
	}
	if err := c.as("ADMIN", bmcPassword); err == nil {
		t.Error("the old password still lets one in")
	}
}

// checkUserAs looks with the other administrator's eyes.
func (c *controlled) checkUserAs(login, name, privilege string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		b := ipmi.New(ipmi.Target{Name: login, Address: c.address, Username: login, Password: userPassword})
		users, err := b.Users(context.Background(), 0)
		if err != nil {
			return err
		}
		for _, u := range users {
			if u.Name == name && u.Access.Privilege.String() == privilege {
				return nil
			}
		}
		return fmt.Errorf("%s is not %s: %+v", name, privilege, users)
	}
}

// A change of address is sent to where the controller is, and read back where it
// turns up.
func TestBMCMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var here, there *door
	changes := 0
	c := newControlled(t, func(config *bmc.Config) {
		config.Logger = slog.New(bmcCommands(func(netFn, id uint64) {
			// A change of one parameter is four commands: begin, set, commit, end.
			if netFn == 0x0c && id == 0x01 {
				if changes++; changes == 4 {
					here.open(false)
					there.open(true)
				}
			}
		}))
	})
	here = newDoor(t, "127.0.0.1:0", c.address)
	_, port, _ := net.SplitHostPort(here.address)
	there = newDoor(t, "127.0.0.2:"+port, c.address)
	here.open(true)
	c.address = here.address
	first := bmcConfig(w, c, `allow_disruptive = true`)
	move := `
  allow_disruptive = true
  lan              = { address = "127.0.0.2" }`
	w.test(
		resource.TestStep{Config: first},
		resource.TestStep{Config: strings.ReplaceAll(bmcConfig(w, c, move), here.address, there.address), ConfigPlanChecks: plansBMC(plancheck.ResourceActionUpdate)},
	)
	if changes < 4 {
		t.Errorf("%d commands that change the network, want 4", changes)
	}
}

// bmcCommands is a log handler that hears of each command of a lab's BMC.
type bmcCommands func(netFn, id uint64)

func (c bmcCommands) Enabled(context.Context, slog.Level) bool { return true }

func (c bmcCommands) Handle(_ context.Context, r slog.Record) error {
	var netFn, id uint64
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "netfn":
			netFn = logNumber(a.Value)
		case "id":
			id = logNumber(a.Value)
		}
		return true
	})
	c(netFn, id)
	return nil
}

func logNumber(v slog.Value) uint64 {
	switch n := v.Any().(type) {
	case uint64:
		return n
	case uint8:
		return uint64(n)
	case int64:
		return uint64(n)
	}
	return 0
}

func (c bmcCommands) WithAttrs([]slog.Attr) slog.Handler { return c }
func (c bmcCommands) WithGroup(string) slog.Handler      { return c }

// door is an address at which a BMC can be reached, or not.
type door struct {
	address string
	is      atomic.Bool
}

func (d *door) open(open bool) { d.is.Store(open) }

// newDoor makes a door to the BMC that listens behind. It is shut.
func newDoor(t testing.TB, at, behind string) *door {
	t.Helper()
	front, err := net.ListenPacket("udp", at)
	if err != nil {
		t.Fatal(err)
	}
	d := &door{address: front.LocalAddr().String()}
	var all sync.WaitGroup
	all.Go(func() {
		ways := map[string]net.Conn{}
		defer func() {
			for _, way := range ways {
				way.Close()
			}
		}()
		buffer := make([]byte, 2048)
		for {
			n, from, err := front.ReadFrom(buffer)
			if err != nil {
				return
			}
			if !d.is.Load() {
				continue
			}
			way := ways[from.String()]
			if way == nil {
				if way, err = net.Dial("udp", behind); err != nil {
					return
				}
				ways[from.String()] = way
				all.Go(func() { d.answers(front, way, from) })
			}
			_, _ = way.Write(buffer[:n])
		}
	})
	t.Cleanup(func() { front.Close(); all.Wait() })
	return d
}

func (d *door) answers(front net.PacketConn, way net.Conn, to net.Addr) {
	buffer := make([]byte, 2048)
	for {
		n, err := way.Read(buffer)
		if err != nil {
			return
		}
		if d.is.Load() {
			_, _ = front.WriteTo(buffer[:n], to)
		}
	}
}
