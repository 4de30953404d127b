package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

// listingApp is the source of an app with two handlers that compiles in no time; another text makes another image.
func listingApp(text string) string {
	return fmt.Sprintf(`package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) == 1 {
		panic(%q)
	}
	fmt.Println(`+"`"+`{"app":"listing","handlers":{"first":{"events":["a.b"]},"second":{"events":["c.*"],"timeout":5}}}`+"`"+`)
}
`, text)
}

// files writes files into a directory of their own, with a go.mod, and returns it.
func files(t testing.TB, contents map[string]string) string {
	t.Helper()
	directory := t.TempDir()
	write(t, directory, "go.mod", "module example.com/m\n\ngo 1.26\n")
	for name, content := range contents {
		write(t, directory, name, content)
	}
	return directory
}

func write(t testing.TB, directory, name, content string) {
	t.Helper()
	file := filepath.Join(directory, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sourced are two functions of one source.
func sourced(name, directory, attributes string) string {
	return fmt.Sprintf(`
locals {
  source     = { package = %[2]q }
  repository = { name = %[1]q }
}

resource "handler_function" "test" {
  name       = %[1]q
  handler    = "first"
  source     = local.source
  repository = local.repository
  %[3]s
}

resource "handler_function" "other" {
  name       = "%[1]s-other"
  handler    = "second"
  source     = local.source
  repository = local.repository
}
`, name, directory, attributes)
}

// runsPlannedImage checks that a function runs the image of its state.
func runsPlannedImage(name, address string) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		digest := s.RootModule().Resources[address].Primary.Attributes["image_digest"]
		return functionIs(name, func(output *lambda.GetFunctionOutput) error {
			if got := *output.Code.ResolvedImageUri; !strings.HasSuffix(got, name+"@"+digest) {
				return fmt.Errorf("%s runs %s, want the image %s", name, got, digest)
			}
			return nil
		})(s)
	}
}

// noChange checks that there is nothing to apply.
func noChange() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

// pushes counts the manifests that were pushed to a repository.
func pushes(name string) int { return backend.count(`^PUT /v2/`+name+`/manifests/`, "") }

func TestAccFunctionFromSource(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	directory := files(t, map[string]string{"main.go": listingApp("1"), "unused/unused.go": "package unused\n"})
	digest := knownvalue.StringRegexp(regexp.MustCompile(`^sha256:[0-9a-f]{64}$`))
	uri := knownvalue.StringRegexp(regexp.MustCompile(`^127\.0\.0\.1:\d+/` + name + `@sha256:[0-9a-f]{64}$`))
	planned := func(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
		var before []plancheck.PlanCheck
		for _, address := range []string{testFunction, "handler_function.other"} {
			before = append(before,
				plancheck.ExpectResourceAction(address, action),
				plancheck.ExpectKnownValue(address, tfjsonpath.New("image_digest"), digest),
				plancheck.ExpectKnownValue(address, tfjsonpath.New("image_uri"), uri),
			)
		}
		return resource.ConfigPlanChecks{
			PreApply:             before,
			PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
		}
	}
	shipped := func(images, manifests int) resource.TestCheckFunc {
		return resource.ComposeTestCheckFunc(
			imageCount(t, name, images),
			func(*terraform.State) error {
				if got := pushes(name); got != manifests {
					return fmt.Errorf("got %d manifests pushed, want %d", got, manifests)
				}
				return nil
			},
		)
	}
	config := sourced(name, directory, "")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy: resource.ComposeTestCheckFunc(
			nothingLeft(name), nothingLeft(name+"-other"),
			imageCount(t, name, 2), // it is everybody's
		),
		Steps: []resource.TestStep{
			{
				Config:           config,
				ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
				ConfigStateChecks: []statecheck.StateCheck{
					known(testFunction, "architecture", knownvalue.StringExact("x86_64")),
				},
				Check: resource.ComposeTestCheckFunc(shipped(1, 1), runsPlannedImage(name, testFunction)),
			},
			{
				ResourceName: testFunction, ImportState: true, ImportStateId: name,
				ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "name",
				ImportStateVerifyIgnore: []string{"source", "repository", "fingerprint"}, // what it was built from is known to the configuration only
			},
			{
				PreConfig:        func() { write(t, directory, "unused/unused.go", "package unused\n\nvar Changed int\n") },
				Config:           config,
				ConfigPlanChecks: noChange(),
			},
			{
				PreConfig:        func() { write(t, directory, "main.go", listingApp("1")+"// A comment at the end changes no line.\n") },
				Config:           config,
				ConfigPlanChecks: noChange(),
			},
			{
				PreConfig:        func() { write(t, directory, "main.go", listingApp("2")) },
				Config:           config,
				ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
				Check:            resource.ComposeTestCheckFunc(shipped(2, 2), runsPlannedImage(name, testFunction)),
			},
			{
				PreConfig: func() {
					images, _ := repositoryImages(t, name)
					input := &ecr.BatchDeleteImageInput{RepositoryName: &name, ImageIds: images}
					if _, err := ecr.NewFromConfig(clientConfig()).BatchDeleteImage(background(), input); err != nil {
						t.Fatal(err)
					}
				},
				Config:           config,
				ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
				Check:            shipped(1, 3),
			},
			{
				PreConfig:        func() { write(t, directory, "main.go", listingApp("3")) },
				Config:           sourced(name, directory, "memory_size = 512\n  environment = { LEVEL = \"1\" }"),
				ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
				Check: resource.ComposeTestCheckFunc(shipped(2, 4), runsPlannedImage(name, testFunction),
					environmentIs(name, map[string]string{"LEVEL": "1", "HANDLER": "first"})),
			},
		},
	})
}

func TestAccFunctionFromSourceOrImage(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	source := fmt.Sprintf("{ package = %q }", files(t, map[string]string{"main.go": listingApp("either")}))
	client := ecr.NewFromConfig(clientConfig())
	output, err := client.CreateRepository(background(), &ecr.CreateRepositoryInput{RepositoryName: &name})
	if err != nil {
		t.Fatal(err)
	}
	repository := fmt.Sprintf("{ url = %q }", *output.Repository.RepositoryUri)
	config := func(image string) string {
		return fmt.Sprintf("resource \"handler_image\" \"test\" {\n  source = %s\n  repository = %s\n}\n", source, repository) +
			fmt.Sprintf("resource \"handler_function\" \"test\" {\n  name = %q\n  handler = \"first\"\n  %s\n}\n", name, image)
	}
	fromImage, fromSource := "image_uri = handler_image.test.image_uri", fmt.Sprintf("source = %s\n  repository = %s", source, repository)
	const code = `^PUT /2015-03-31/functions/.*/code$`
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             resource.ComposeTestCheckFunc(nothingLeft(name), imageCount(t, name, 1)),
		Steps: []resource.TestStep{
			{Config: config(fromImage), ConfigPlanChecks: emptyPlan()},
			{
				Config:            config(fromSource),
				ConfigPlanChecks:  update(),
				ConfigStateChecks: []statecheck.StateCheck{known(testFunction, "fingerprint", knownvalue.NotNull())},
			},
			{
				Config:            config(fromImage),
				ConfigPlanChecks:  update(),
				ConfigStateChecks: []statecheck.StateCheck{known(testFunction, "fingerprint", knownvalue.Null())},
				Check: func(*terraform.State) error {
					if got := backend.count(code, name); got != 0 {
						return fmt.Errorf("the function's code was updated %d times to the very same image", got)
					}
					return nil
				},
			},
			{Config: config(fromSource)},
			{
				PreConfig: func() {
					images, _ := repositoryImages(t, name)
					if _, err := client.BatchDeleteImage(background(), &ecr.BatchDeleteImageInput{RepositoryName: &name, ImageIds: images}); err != nil {
						t.Fatal(err)
					}
				},
				Config:           config(fromSource),
				ConfigPlanChecks: update(),
				Check:            imageCount(t, name, 1),
			},
		},
	})
}

func TestAccFunctionFollowsTheArchitectureOfItsSource(t *testing.T) {
	acceptance(t)
	directory := files(t, map[string]string{"main.go": listingApp("arm")})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config: fmt.Sprintf("resource \"handler_function\" \"test\" {\n  name = \"never\"\n  handler = \"first\"\n"+
				"  source = { package = %q, architecture = \"arm64\" }\n  repository = { name = \"never\" }\n}\n", directory),
			PlanOnly:           true,
			ExpectNonEmptyPlan: true,
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPreRefresh: []plancheck.PlanCheck{
				plancheck.ExpectKnownValue(testFunction, tfjsonpath.New("architecture"), knownvalue.StringExact("arm64")),
			}},
		}},
	})
}

func TestAccFunctionLeavesNothingWhenItsImageCannotBePushed(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	directory := files(t, map[string]string{"main.go": listingApp("refused")})
	stop := backend.fail(t, `^(POST|PUT) /v2/`+name+`/`, "")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             resource.ComposeTestCheckFunc(nothingLeft(name), nothingLeft(name+"-other")),
		Steps: []resource.TestStep{
			{
				Config:      sourced(name, directory, ""),
				ExpectError: regexp.MustCompile(spaced(`Failed to push image.*` + name + `@sha256:.*was not pushed.*ecr:InitiateLayerUpload`)),
			},
			{PreConfig: stop, Config: sourced(name, directory, ""), ConfigPlanChecks: emptyPlan()},
		},
	})
}

func TestAccFunctionsAskForTheirImageOnce(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	data := dataFor(t, clientConfig())
	built, err := data.builds.builder.Build(background(), image.Source{Package: files(t, map[string]string{"main.go": listingApp("once")})})
	if err == nil {
		_, err = data.cloud.EnsureRepository(background(), name, nil)
	}
	repository := strings.TrimPrefix(backend.endpoint, "http://") + "/" + name
	if err == nil {
		err = data.registry.Push(background(), repository, built.Image)
	}
	if err != nil {
		t.Fatal(err)
	}
	requests := func() int { return backend.count(`^GET /v2/`+name+`/manifests/`, "") }
	before := requests()
	w := newCLI(t, lone(name+"-${count.index}", repository+"@"+built.Digest, "handler = \"first\"\n  count = 5"))
	if output, ok := w.run(t, []string{"plan"}); !ok {
		t.Fatal(output)
	}
	if got := requests() - before; got != 1 {
		t.Errorf("got %d requests for the image's manifest, want one for all functions", got)
	}
}
