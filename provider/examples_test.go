package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/cthulix/terraform-provider-cthulix/provider"
)

// Every example of the reference documentation can be planned.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../examples/resources/*/resource.tf")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	agentd := anAgentd(t, "example")
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			here, err := filepath.Abs(filepath.Dir(file))
			if err != nil {
				t.Fatal(err)
			}
			// The generic kernel is ten times the download, and shows nothing more here.
			config := strings.NewReplacer("${path.module}", here, `"generic"`, `"cloud"`, `["ixgbe"]`, `["loop"]`).Replace(string(text))
			w := newWorld(t)
			w.keepPackages()
			w.withOphub()
			w.withNomad()
			w.withKeg()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.factories(provider.WithAgentd(func(string) (string, error) { return agentd, nil })),
				Steps:                    []resource.TestStep{{Config: w.config(config), PlanOnly: true, ExpectNonEmptyPlan: true}},
			})
		})
	}
}
