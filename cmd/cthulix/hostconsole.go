package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func consoleCommand(open func() (*ophub.Hub, error)) *cobra.Command {
	login := &bmcLogin{open: open}
	var take bool
	cmd := &cobra.Command{
		Use: "console NAME", Short: "Open a host's serial console (serial over LAN)", Args: cobra.ExactArgs(1),
		Long: " Ctrl-] ends it. Where\nthe input is no terminal it only shows what the host says, until interrupted.",
		RunE: func(c *cobra.Command, names []string) error {
			ctx := c.Context()
			bmc, err := login.bmc(ctx, names[0])
			if err != nil {
				return err
			}
			if take {
				if err := bmc.ReleaseConsole(ctx); err != nil {
					return err
				}
			}
			console, err := bmc.Console(ctx)
			if err != nil {
				if ipmi.ConsoleInUse(err) {
					err = fmt.Errorf("%w (--take takes it from whoever has it)", err)
				}
				return err
			}
			defer console.Close()
			in := int(os.Stdin.Fd())
			if !term.IsTerminal(in) {
				return listen(ctx, c.OutOrStdout(), console)
			}
			fmt.Fprintf(c.ErrOrStderr(), "console of %s, Ctrl-] ends it\r\n", names[0])
			before, err := term.MakeRaw(in)
			if err != nil {
				return err
			}
			defer func() { _ = term.Restore(in, before) }()
			return talk(ctx, os.Stdin, c.OutOrStdout(), console)
		},
	}
	cmd.Flags().BoolVar(&take, "take", false, "take the console from whoever has it")
	return login.flags(cmd)
}

// escape ends a console: Ctrl-].
const escape = 0x1d

// listen shows what is said until somebody ends that, which is no failure.
func listen(ctx context.Context, out io.Writer, console io.Reader) error {
	_, err := io.Copy(out, console)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// talk joins a terminal and a console until either ends. The goroutine that reads the terminal outlives it when the
// console ends first: a read of a terminal cannot be called off, and the command is over then.
func talk(ctx context.Context, in io.Reader, out io.Writer, console io.ReadWriteCloser) error {
	typed := make(chan error, 1)
	go func() {
		err := typeInto(console, in)
		typed <- errors.Join(err, console.Close())
	}()
	err := listen(ctx, out, console)
	select {
	case typedErr := <-typed:
		return typedErr
	default:
		return err
	}
}

// typeInto types until the escape or the end of the input.
func typeInto(console io.Writer, in io.Reader) error {
	buffer := make([]byte, 256)
	for {
		n, err := in.Read(buffer)
		keys, _, ended := bytes.Cut(buffer[:n], []byte{escape})
		if len(keys) > 0 {
			if _, err := console.Write(keys); err != nil {
				return err
			}
		}
		if ended || errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
