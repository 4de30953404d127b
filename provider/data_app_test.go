package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

func TestAccApp(t *testing.T) {
	acceptance(t)
	texts := func(values ...string) knownvalue.Check {
		checks := make([]knownvalue.Check, len(values))
		for i, value := range values {
			checks[i] = knownvalue.StringExact(value)
		}
		return knownvalue.ListExact(checks)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config: fmt.Sprintf("data \"handler_app\" \"test\" {\n  source = { package = %q }\n}\n", appPackage(t)),
			ConfigStateChecks: []statecheck.StateCheck{
				known("data.handler_app.test", "name", knownvalue.StringExact("app")),
				known("data.handler_app.test", "handlers", knownvalue.MapExact(map[string]knownvalue.Check{
					"first": knownvalue.ObjectExact(map[string]knownvalue.Check{
						"events": texts("ping.*", "ping.sent"), "timeout": knownvalue.Int32Exact(10),
						"batch_size": knownvalue.Null(), "send_to": texts("second"),
					}),
					"second": knownvalue.ObjectExact(map[string]knownvalue.Check{
						"events": texts("pong.sent"), "timeout": knownvalue.Null(), "batch_size": knownvalue.Null(), "send_to": texts(),
					}),
				})),
			},
		}},
	})
}

// TestAccAppBecomesFunctions applies the example of the reference.
func TestAccAppBecomesFunctions(t *testing.T) {
	acceptance(t)
	needsImages(t)
	example, err := os.ReadFile(filepath.Join("..", "examples", "data-sources", "handler_app", "data-source.tf"))
	if err != nil {
		t.Fatal(err)
	}
	name := uniqueName(t)
	w := newCLI(t, strings.NewReplacer(`"acme-`, `"`+name+`-`, `name = "acme"`, `name = "`+name+`"`).Replace(string(example)))
	write(t, filepath.Dir(w.directory), "go.mod", "module example.com/m\n\ngo 1.26\n")
	write(t, filepath.Dir(w.directory), "cmd/acme/main.go", listingApp("example"))
	for _, args := range [][]string{{"apply", "-auto-approve"}, {"plan", "-detailed-exitcode"}} {
		if output, ok := w.run(t, args); !ok {
			t.Fatalf("%v: %s", args, output)
		}
	}
	for handler, timeout := range map[string]int32{"first": 60, "second": 5} {
		err := functionIs(name+"-"+handler, func(output *lambda.GetFunctionOutput) error {
			if got := aws.ToInt32(output.Configuration.Timeout); got != timeout {
				return fmt.Errorf("%s: got a timeout of %d, want %d", handler, got, timeout)
			}
			return nil
		})(nil)
		if err != nil {
			t.Error(err)
		}
	}
	if got := pushes(name); got != 1 {
		t.Errorf("got %d pushes, want one for all functions", got)
	}
	if output, ok := w.run(t, []string{"destroy", "-auto-approve"}); !ok {
		t.Error(output)
	}
}

func TestAccAppInvalid(t *testing.T) {
	acceptance(t)
	config := func(directory string) string {
		return fmt.Sprintf("data \"handler_app\" \"test\" {\n  source = { package = %q, files = { \"relative\" = \"x\" } }\n}\n", directory)
	}
	for _, test := range []invalid{
		{"no such directory", `data "handler_app" "test" {
  source = { package = "/no/such/place" }
}`, `Failed to build image.*source\.package: .*/no/such/place`},
		{"relative path", config(appPackage(t)), `source\.files\["relative"\]: .*absolute path`},
	} {
		t.Run(test.name, test.test)
	}
}
