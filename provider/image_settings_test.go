package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// imageOf is an image of the package in a directory.
func imageOf(directory, source, repository, attributes string) string {
	return fmt.Sprintf("resource \"handler_image\" \"test\" {\n  source = {\n    package = %q\n    %s\n  }\n  repository = { %s }\n  %s\n}\n",
		directory, source, repository, attributes)
}

func TestAccImageChangesWithItsBytesOnly(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	directory := files(t, map[string]string{"main.go": listingApp("bytes"), "unused/unused.go": "package unused\n", "a.yaml": "a: 1\n"})
	config := func(source string) string {
		return imageOf(directory, source, fmt.Sprintf("name = %q", name), "")
	}
	file := fmt.Sprintf("files = { \"/etc/a.yaml\" = %q }", filepath.Join(directory, "a.yaml"))
	updated := func(kind string) resource.ConfigPlanChecks {
		at := tfjsonpath.New("inputs").AtMapKey(kind)
		return resource.ConfigPlanChecks{
			PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(testImage, plancheck.ResourceActionUpdate),
				plancheck.ExpectKnownValue(testImage, at, knownvalue.NotNull()),
			},
			PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noRepository(t, name),
		Steps: []resource.TestStep{
			{Config: config(""), ConfigPlanChecks: emptyPlan()},
			{
				PreConfig:        func() { write(t, directory, "unused/unused.go", "package unused\n\nvar Changed int\n") },
				Config:           config(""),
				ConfigPlanChecks: noChange(),
			},
			{
				PreConfig: func() {
					write(t, directory, "main.go", listingApp("bytes")+"// A comment at the end changes no line.\n")
				},
				Config:           config(""),
				ConfigPlanChecks: noChange(),
			},
			{
				// What asks for the very same image is an edit of the configuration all the same, which takes the new inputs along.
				Config:           config(`architecture = "x86_64"`),
				ConfigPlanChecks: updated("files"),
				Check:            imageCount(t, name, 1),
			},
			{Config: config(file), ConfigPlanChecks: updated("added_files"), Check: imageCount(t, name, 2)},
			{
				PreConfig:        func() { write(t, directory, "a.yaml", "a: 2\n") },
				Config:           config(file),
				ConfigPlanChecks: updated("added_files"),
				Check:            imageCount(t, name, 3),
			},
			{Config: config(""), ConfigPlanChecks: updated("files"), Check: imageCount(t, name, 3)},
		},
	})
}

func TestAccImageWritesItsBillOfMaterials(t *testing.T) {
	acceptance(t)
	needsImages(t)
	repository := fmt.Sprintf("name = %q", uniqueName(t))
	directory := files(t, map[string]string{"main.go": listingApp("sbom")})
	file, moved := filepath.Join(t.TempDir(), "new", "acme.spdx.json"), filepath.Join(t.TempDir(), "acme.spdx.json")
	names := func(file string) resource.TestCheckFunc {
		return func(s *terraform.State) error {
			var document struct{ SPDXVersion string }
			content, err := os.ReadFile(file)
			if err == nil {
				err = json.Unmarshal(content, &document)
			}
			digest := s.RootModule().Resources[testImage].Primary.Attributes["image_digest"]
			if err == nil && (document.SPDXVersion != "SPDX-2.3" || !regexp.MustCompile(digest).Match(content)) {
				err = fmt.Errorf("got %s, want a document about %s", content, digest)
			}
			return err
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{
				Config:      imageOf(directory, "", repository, `sbom = "/dev/null/acme.spdx.json"`),
				ExpectError: regexp.MustCompile(spaced(`sbom = .*/dev/null.*Name a file that can be written`)),
			},
			{
				Config:           imageOf(directory, "", repository, fmt.Sprintf("sbom = %q", file)),
				ConfigPlanChecks: emptyPlan(),
				Check:            names(file),
			},
			{
				Config:           imageOf(directory, "", repository, fmt.Sprintf("sbom = %q", moved)),
				ConfigPlanChecks: emptyPlan(),
				Check:            names(moved),
			},
			{
				PreConfig: func() {
					if err := errors.Join(os.Remove(moved), os.Remove(file)); err != nil {
						t.Fatal(err)
					}
				},
				Config:           imageOf(directory, "", repository, fmt.Sprintf("sbom = %q", moved)),
				ConfigPlanChecks: noChange(),
			},
			{Config: imageOf(directory, "", repository, ""), ConfigPlanChecks: emptyPlan()},
		},
	})
}

func TestAccImageRepository(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	directory := files(t, map[string]string{"main.go": listingApp("repository")})
	client := ecr.NewFromConfig(clientConfig())
	config := func(attributes string) string {
		return imageOf(directory, "", fmt.Sprintf("name = %q, %s", name, attributes), "")
	}
	is := func(mutability types.ImageTagMutability, encryption types.EncryptionType) resource.TestCheckFunc {
		return func(*terraform.State) error {
			output, err := client.DescribeRepositories(background(), &ecr.DescribeRepositoriesInput{RepositoryNames: []string{name}})
			if err != nil {
				return err
			}
			if got := output.Repositories[0]; got.ImageTagMutability != mutability || got.EncryptionConfiguration.EncryptionType != encryption {
				return fmt.Errorf("got %s and %s, want %s and %s", got.ImageTagMutability, got.EncryptionConfiguration.EncryptionType, mutability, encryption)
			}
			_, err = client.GetRepositoryPolicy(background(), &ecr.GetRepositoryPolicyInput{RepositoryName: &name})
			return err
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             noRepository(t, name),
		Steps: []resource.TestStep{
			{
				Config:           config(""),
				ConfigPlanChecks: emptyPlan(),
				Check:            is(types.ImageTagMutabilityImmutable, types.EncryptionTypeAes256),
			},
			{
				PreConfig: func() {
					_, err := client.DeleteRepositoryPolicy(background(), &ecr.DeleteRepositoryPolicyInput{RepositoryName: &name})
					_, alsoErr := client.PutImageTagMutability(background(), &ecr.PutImageTagMutabilityInput{
						RepositoryName: &name, ImageTagMutability: types.ImageTagMutabilityMutable,
					})
					if err := errors.Join(err, alsoErr); err != nil {
						t.Fatal(err)
					}
					write(t, directory, "main.go", listingApp("repository to be mended"))
				},
				Config: config(""),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(testImage, plancheck.ResourceActionUpdate)},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				Check: is(types.ImageTagMutabilityImmutable, types.EncryptionTypeAes256),
			},
			{
				Config: config(`encryption = "KMS"`),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(testImage, plancheck.ResourceActionReplace)},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				Check: is(types.ImageTagMutabilityImmutable, types.EncryptionTypeKms),
			},
			{
				PreConfig:   func() { pushForeign(t, name) },
				Config:      config(`encryption = "KMS"`),
				Destroy:     true,
				ExpectError: regexp.MustCompile(spaced(`Failed to delete repository.*` + name + ` holds images.*sha256:.*force_delete = true`)),
			},
			{Config: config(`encryption = "KMS", force_delete = true`), ConfigPlanChecks: emptyPlan()},
		},
	})
}

func TestAccImageWithoutPermissionToReadThePolicy(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	backend.fail(t, `GetRepositoryPolicy$`, name)
	directory := files(t, map[string]string{"main.go": listingApp("denied 1")})
	config := imageOf(directory, "", fmt.Sprintf("name = %q", name), "")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: config, ConfigPlanChecks: emptyPlan()},
			{
				PreConfig:        func() { write(t, directory, "main.go", listingApp("denied 2")) },
				Config:           config,
				ConfigPlanChecks: emptyPlan(),
				Check:            imageCount(t, name, 2),
			},
		},
	})
}

// pushForeign puts an image into a repository that this provider did not build.
func pushForeign(t *testing.T, repository string) {
	t.Helper()
	img, err := random.Image(100, 1)
	if err == nil {
		address := strings.TrimPrefix(backend.endpoint, "http://") + "/" + repository
		err = dataFor(t, clientConfig()).registry.Push(background(), address, img)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAccImageRepositoryInvalid(t *testing.T) {
	acceptance(t)
	app := files(t, map[string]string{"main.go": listingApp("invalid")})
	for _, test := range []invalid{
		{"key without KMS", `name = "never", kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/1"`, `repository\.kms_key_arn: .*encryption = "KMS"`},
		{"settings of a repository by url", `url = "host/never", force_delete = true`, `repository\.force_delete: .*set name instead`},
		{"key by alias", `name = "never", encryption = "KMS", kms_key_arn = "alias/acme"`, `kms_key_arn.*must be the ARN`},
		{"another encryption", `name = "never", encryption = "ROT13"`, `repository\.encryption.*KMS`},
	} {
		test.config = imageOf(app, "", test.config, "")
		t.Run(test.name, test.test)
	}
}

func TestAccImageIsReadInOneRequest(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	w := newCLI(t, imageOf(files(t, map[string]string{"main.go": listingApp("reads")}), "", fmt.Sprintf("name = %q", name), ""))
	run := func(args ...string) {
		t.Helper()
		if output, ok := w.run(t, args); !ok {
			t.Fatalf("%v: %s", args, output)
		}
	}
	run("apply", "-auto-approve")
	run("apply", "-auto-approve", "-refresh-only") // which looks whether the creation was finished
	before, images := backend.count(`ContainerRegistry.*`, name), backend.count(`DescribeImages$`, name)
	run("plan", "-detailed-exitcode")
	if all, images := backend.count(`ContainerRegistry.*`, name)-before, backend.count(`DescribeImages$`, name)-images; all != 1 || images != 1 {
		t.Errorf("a plan without changes made %d requests about the repository, %d for its image; want one", all, images)
	}
	run("destroy", "-auto-approve")
}
