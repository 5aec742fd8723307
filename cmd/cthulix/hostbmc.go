package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/operate"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// bmcLogin is how the verbs get to a host's BMC. Its address is in the host's record; an account on it never is, and
// a password is no argument, which every user of the machine could read.
type bmcLogin struct {
	open         func() (*ophub.Hub, error)
	address      string
	username     string
	passwordFile string
	suites       []int
}

const bmcLoginHelp = `

The BMC's address is in the host's record, or given by --bmc, without which no
record is needed. The account is CTHULIX_BMC_USERNAME (or --bmc-username) with
the password in CTHULIX_BMC_PASSWORD (or in --bmc-password-file).`

func (l *bmcLogin) flags(cmd *cobra.Command) *cobra.Command {
	cmd.Long = strings.TrimSpace(cmd.Short+"."+cmd.Long) + bmcLoginHelp
	l.accountFlags(cmd)
	cmd.PersistentFlags().StringVar(&l.address, "bmc", "", "address of the BMC, for one host; default: what its record says")
	return cmd
}

// accountFlags are those that say as whom to log in, but not where.
func (l *bmcLogin) accountFlags(cmd *cobra.Command) {
	f := cmd.PersistentFlags()
	f.StringVar(&l.username, "bmc-username", os.Getenv("CTHULIX_BMC_USERNAME"), "account on the BMC")
	f.StringVar(&l.passwordFile, "bmc-password-file", "", "file with its password; default: CTHULIX_BMC_PASSWORD")
	f.IntSliceVar(&l.suites, "cipher-suites", nil, "cipher suites to try, in order (default 17,3)")
}

func (l *bmcLogin) password() (string, error) {
	if l.passwordFile == "" {
		return os.Getenv("CTHULIX_BMC_PASSWORD"), nil
	}
	b, err := os.ReadFile(l.passwordFile)
	return strings.TrimRight(string(b), "\r\n"), err
}

// secrets are what the operator gave, which no message may hold.
func (l *bmcLogin) secrets() []string {
	password, _ := l.password() // who needs it has reported that
	return []string{password, os.Getenv("CTHULIX_OPHUB_TOKEN"), os.Getenv("CTHULIX_NOMAD_TOKEN")}
}

// bmc finds the BMC of a host.
func (l *bmcLogin) bmc(ctx context.Context, name string) (*ipmi.BMC, error) {
	if l.username == "" {
		return nil, errors.New("no account on the BMC: set CTHULIX_BMC_USERNAME and CTHULIX_BMC_PASSWORD, or --bmc-username and --bmc-password-file")
	}
	address := l.address
	if address == "" {
		hub, err := l.open()
		if err != nil {
			return nil, err
		}
		record, err := hub.Host(ctx, name)
		if err != nil {
			return nil, err
		}
		if address = record.BMC; address == "" {
			return nil, fmt.Errorf("host %s has no BMC on record: give its address with --bmc", name)
		}
	}
	return l.at(name, address)
}

// at is the BMC at an address.
func (l *bmcLogin) at(name, address string) (*ipmi.BMC, error) {
	password, err := l.password()
	if err != nil {
		return nil, fmt.Errorf("--bmc-password-file: %w", err)
	}
	target := ipmi.Target{Name: name, Address: address, Username: l.username, Password: password, CipherSuites: l.suites}
	return ipmi.New(target), target.Validate()
}

// atOnce is how many hosts are worked on at the same time.
const atOnce = 32

// each does something to each host, which is the ith of names. A failure of one does not stop the others.
func (l *bmcLogin) each(c *cobra.Command, names []string, do func(ctx context.Context, i int, bmc *ipmi.BMC) error) error {
	if l.address != "" && len(names) > 1 {
		return fmt.Errorf("--bmc names the BMC of one host, and there are %d", len(names))
	}
	failed := make([]error, len(names))
	group := errgroup.Group{}
	group.SetLimit(atOnce)
	for i, name := range names {
		group.Go(func() error {
			bmc, err := l.bmc(c.Context(), name)
			if err == nil {
				err = do(c.Context(), i, bmc)
			}
			if err != nil {
				failed[i] = fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return errors.Join(failed...)
}

// operate runs a verb on each host, and prints what it tells.
func (l *bmcLogin) operate(c *cobra.Command, names []string, how format, verb func(context.Context, operate.Host) error) error {
	out := &teller{out: c.OutOrStdout(), format: how}
	return l.each(c, names, func(ctx context.Context, i int, bmc *ipmi.BMC) error {
		err := verb(ctx, operate.Host{Name: names[i], BMC: bmc, Tell: out.tell, Secrets: l.secrets()})
		for _, console := range operate.Consoles(err) {
			out.console(names[i], console)
		}
		return err
	})
}
