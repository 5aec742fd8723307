package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/spf13/cobra"

	"github.com/cthulix/terraform-provider-cthulix/engines"
)

func importCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "import", Short: "Write HCL for what is there already"}
	var dir, terraform string
	sw := &cobra.Command{
		Use: "switch NAME...", Short: "Read switches and write their HCL with import blocks", Args: cobra.MinimumNArgs(1),
		Long: `Reads each switch as the provider block of the Terraform configuration in --dir
has it, and writes NAME.tf there: an import block, and a cthulix_switch with
every VLAN and port that is not at its default. Nothing is sent to a switch but
show commands, and nothing is in Terraform's state before the next apply.`,
		RunE: func(c *cobra.Command, names []string) error {
			if terraform == "" {
				var err error
				if terraform, err = anyTerraform(c.Context()); err != nil {
					return err
				}
			}
			var failed []error
			for _, name := range names { // one that fails does not keep the others
				path, err := importSwitch(c.Context(), terraform, dir, name)
				if err != nil {
					failed = append(failed, err)
					continue
				}
				fmt.Fprintln(c.OutOrStdout(), path)
			}
			return errors.Join(failed...)
		},
	}
	sw.Flags().StringVar(&dir, "dir", ".", "directory of the Terraform configuration")
	sw.Flags().StringVar(&terraform, "terraform", "", "Terraform or OpenTofu; looked for when not given")
	cmd.AddCommand(sw)
	return cmd
}

func anyTerraform(ctx context.Context) (string, error) {
	path, err := engines.Locate(ctx, "terraform", engines.Options{})
	if err == nil {
		return path, nil
	}
	tofu, tofuErr := engines.Locate(ctx, "tofu", engines.Options{})
	return tofu, errors.Join(err, tofuErr)
}

var notLabel = regexp.MustCompile(`[^A-Za-z0-9_-]`)

// importSwitch has Terraform itself generate the resource, so that the HCL is
// what the provider reads back, and drops what says nothing.
func importSwitch(ctx context.Context, terraform, dir, name string) (string, error) {
	label := notLabel.ReplaceAllString(name, "_")
	dst := filepath.Join(dir, label+".tf")
	if _, err := os.Stat(dst); !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("import switch %s: %s is there already: move it away first", name, dst)
	}
	block := fmt.Sprintf("import {\n  to = cthulix_switch.%s\n  id = %q\n}\n", label, name)
	// Terraform reads the block from the directory, and writes beside it.
	ask, generated := filepath.Join(dir, label+".import.tf"), label+".generated.tf"
	if err := os.WriteFile(ask, []byte(block), 0o644); err != nil {
		return "", fmt.Errorf("import switch %s: %w", name, err)
	}
	defer os.Remove(ask)
	defer os.Remove(filepath.Join(dir, generated))
	cmd := exec.CommandContext(ctx, terraform, "plan", "-input=false", "-no-color", "-lock=false", "-generate-config-out="+generated)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("import switch %s: terraform plan in %s: %w\n%s", name, dir, err, bytes.TrimSpace(out))
	}
	text, err := os.ReadFile(filepath.Join(dir, generated))
	if err != nil {
		return "", fmt.Errorf("import switch %s: terraform generated nothing; is cthulix_switch.%s in the configuration or the state already? %w", name, label, err)
	}
	return dst, os.WriteFile(dst, tidy(block, string(text)), 0o644)
}

// tidy drops the comments and the attributes that are null.
func tidy(block, generated string) []byte {
	var b strings.Builder
	b.WriteString(block)
	for line := range strings.Lines(generated) {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "#") || strings.HasSuffix(trimmed, "= null") {
			continue
		}
		b.WriteString(line)
	}
	return hclwrite.Format(regexp.MustCompile(`\n{3,}`).ReplaceAll([]byte(b.String()), []byte("\n\n")))
}
