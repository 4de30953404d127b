package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

const testImage = "handler_image.test"

// appPackage is the directory of the app that tests deploy.
func appPackage(t *testing.T) string {
	t.Helper()
	directory, err := filepath.Abs(filepath.Join("testdata", "app"))
	if err != nil {
		t.Fatal(err)
	}
	return directory
}

// imageConfig is an image of the tests' app; another version makes another image.
func imageConfig(t *testing.T, repository, version string) string {
	t.Helper()
	return fmt.Sprintf(`
resource "handler_image" "test" {
  source     = { package = %q, ldflags = ["-X main.version=%s"] }
  repository = { %s }
}
`, appPackage(t), version, repository)
}

// module writes a Go module of its own and returns its directory.
func module(t *testing.T, source string) string {
	t.Helper()
	directory := t.TempDir()
	for name, content := range map[string]string{"go.mod": "module example.com/m\n\ngo 1.26\n", "main.go": source} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return directory
}

// repositoryImages returns the digests of a repository's images; false if there is no such repository.
func repositoryImages(t *testing.T, name string) ([]types.ImageIdentifier, bool) {
	t.Helper()
	output, err := ecr.NewFromConfig(clientConfig()).ListImages(background(), &ecr.ListImagesInput{RepositoryName: &name})
	if err != nil {
		return nil, false
	}
	return output.ImageIds, true
}

func noRepository(t *testing.T, name string) resource.TestCheckFunc {
	t.Helper()
	return func(*terraform.State) error {
		if _, exists := repositoryImages(t, name); exists {
			return fmt.Errorf("repository %s is left behind", name)
		}
		return nil
	}
}

func imageCount(t *testing.T, name string, want int) resource.TestCheckFunc {
	t.Helper()
	return func(*terraform.State) error {
		if images, _ := repositoryImages(t, name); len(images) != want {
			return fmt.Errorf("got %d images, want %d", len(images), want)
		}
		return nil
	}
}

func TestAccImage(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	// The versions are this test's own: an image that another test's function runs is kept.
	repository := fmt.Sprintf("name = %q, keep_images = 1", name)
	digests := statecheck.CompareValue(compare.ValuesDiffer())
	digest := knownvalue.StringRegexp(regexp.MustCompile(`^sha256:[0-9a-f]{64}$`))
	uri := knownvalue.StringRegexp(regexp.MustCompile(`^127\.0\.0\.1:\d+/` + name + `@sha256:[0-9a-f]{64}$`))
	knownInPlan := func(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{
			PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(testImage, action),
				plancheck.ExpectKnownValue(testImage, tfjsonpath.New("image_digest"), digest),
				plancheck.ExpectKnownValue(testImage, tfjsonpath.New("image_uri"), uri),
			},
			PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noRepository(t, name),
		Steps: []resource.TestStep{
			{
				Config:           imageConfig(t, repository, "own-1"),
				ConfigPlanChecks: knownInPlan(plancheck.ResourceActionCreate),
				ConfigStateChecks: []statecheck.StateCheck{
					digests.AddStateValue(testImage, tfjsonpath.New("image_digest")),
					known(testImage, "handlers", knownvalue.MapExact(map[string]knownvalue.Check{
						"first":  knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("ping.*"), knownvalue.StringExact("ping.sent")}),
						"second": knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("pong.sent")}),
					})),
				},
				Check: imageCount(t, name, 1),
			},
			{
				ResourceName: testImage, ImportState: true, ImportStateId: name,
				ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "image_uri",
				ImportStateVerifyIgnore: []string{"source", "fingerprint", "inputs", "repository.keep_images", "repository.force_delete", "image_size"},
			},
			{
				Config:            imageConfig(t, repository, "own-2"),
				ConfigPlanChecks:  knownInPlan(plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{digests.AddStateValue(testImage, tfjsonpath.New("image_digest"))},
				Check:             imageCount(t, name, 2), // functions still run the first
			},
			{
				Config:           imageConfig(t, repository, "own-3"),
				ConfigPlanChecks: knownInPlan(plancheck.ResourceActionUpdate),
				Check:            imageCount(t, name, 2),
			},
			{
				PreConfig: func() {
					images, _ := repositoryImages(t, name)
					input := &ecr.BatchDeleteImageInput{RepositoryName: &name, ImageIds: images}
					if _, err := ecr.NewFromConfig(clientConfig()).BatchDeleteImage(background(), input); err != nil {
						t.Fatal(err)
					}
				},
				Config:           imageConfig(t, repository, "own-3"),
				ConfigPlanChecks: knownInPlan(plancheck.ResourceActionUpdate),
				Check:            imageCount(t, name, 1),
			},
		},
	})
}

func TestAccImageInForeignRepository(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	client := ecr.NewFromConfig(clientConfig())
	output, err := client.CreateRepository(background(), &ecr.CreateRepositoryInput{RepositoryName: &name})
	if err != nil {
		t.Fatal(err)
	}
	config := imageConfig(t, fmt.Sprintf("url = %q", aws.ToString(output.Repository.RepositoryUri)), "1")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             imageCount(t, name, 1), // it is not ours to delete
		Steps: []resource.TestStep{
			{Config: config, ConfigPlanChecks: emptyPlan()},
			{
				Config: imageConfig(t, fmt.Sprintf("name = %q", name), "1"),
				ExpectError: regexp.MustCompile(`(?s)Failed to create repository.*` + name +
					`\s+exists;\s+import\s+it.*by\s+url`),
			},
		},
	})
}

func TestAccImageLeavesNothingWhenThePushFails(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	backend.fail(t, `^(POST|PUT) /v2/`+name+`/`, "")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noRepository(t, name),
		Steps: []resource.TestStep{
			{
				Config:      imageConfig(t, fmt.Sprintf("name = %q", name), "1"),
				ExpectError: regexp.MustCompile(`(?s)Failed to push image.*repository = \{`),
			},
		},
	})
	if backend.count(`DeleteRepository$`, name) != 1 {
		t.Error("the repository was not deleted")
	}
}

func TestAccImageInvalid(t *testing.T) {
	acceptance(t)
	source := func(directory string) string {
		return fmt.Sprintf("resource \"handler_image\" \"test\" {\n  source = { package = %q }\n  repository = { name = \"never\" }\n}\n", directory)
	}
	for _, test := range []struct{ name, config, want string }{
		{"no such directory", source("/no/such/place"), `(?s)Failed to build image.*source = \{ package.*source\.package:.*/no/such/place`},
		{"not a main package", source(module(t, "package library\n")), `(?s)Failed to build image.*source\.package:.*main`},
		{
			"does not compile", source(module(t, "package main\n\nfunc main() {\n\tundeclared()\n}\n")),
			`(?s)Failed to build image.*main\.go:4:2: undefined: undeclared.*Mend the code`,
		},
		{
			"does not list its handlers", source(filepath.Join(filepath.Dir(appPackage(t)), "silent")),
			`(?s)source\.package:.*backend\s+handlers\s+-json.*app\.Main.*DATABASE_URL\s+is\s+not\s+set`,
		},
		{
			"unknown architecture", imageConfig(t, `name = "never"`, `1"], architecture = "mips", tags = ["x`),
			`(?s)architecture.*x86_64`,
		},
		{"no repository", imageConfig(t, `keep_images = 3`, "1"), `(?s)Invalid repository.*Set name`},
		{"two repositories", imageConfig(t, `name = "never", url = "host/never"`, "1"), `(?s)Invalid repository.*not\s+both`},
		{"repository's name", imageConfig(t, `name = "Never Ever"`, "1"), `(?s)repository\.name.*lower-case`},
		{"repository with a scheme", imageConfig(t, `url = "https://host/never"`, "1"), `(?s)repository\.url.*host/repository`},
		{"repository without a host", imageConfig(t, `url = "never"`, "1"), `(?s)repository\.url.*host/repository`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				Steps:                    []resource.TestStep{{Config: test.config, PlanOnly: true, ExpectError: regexp.MustCompile(test.want)}},
			})
		})
	}
	t.Cleanup(func() {
		if _, exists := repositoryImages(t, "never"); exists {
			t.Error("a plan made a repository")
		}
	})
}
