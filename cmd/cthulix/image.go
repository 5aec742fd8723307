package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cthulix/terraform-provider-cthulix/images"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

func imageCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "image", Short: "Network-boot images"}
	var kegDir, cache, agentd string
	build := &cobra.Command{
		Use: "build RECIPE.yaml", Short: "Build an image into a local keg and print its KID", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			src, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			recipe, err := images.Parse(src)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if agentd != "" {
				recipe.Agentd = agentd
			}
			store, err := keg.OpenDir(kegDir)
			if err != nil {
				return err
			}
			m, kid, err := images.Build(c.Context(), recipe, images.BuildOptions{
				Cache: cache, Keg: store, Progress: func(stage string) { fmt.Fprintln(c.ErrOrStderr(), stage) },
			})
			if err != nil {
				return err
			}
			fmt.Fprintf(c.ErrOrStderr(), "%s: %d bytes, linux %s\n", m.Name, m.Size, m.LinuxRelease)
			fmt.Fprintln(c.OutOrStdout(), kid)
			return nil
		},
	}
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	build.Flags().StringVar(&kegDir, "keg", filepath.Join(base, "cthulix", "keg"), "directory of the keg")
	build.Flags().StringVar(&cache, "cache", filepath.Join(base, "cthulix", "images"), "directory for packages and layers")
	build.Flags().StringVar(&agentd, "agentd", "", "the agentd binary; overrides the recipe's")
	cmd.AddCommand(build)
	return cmd
}
