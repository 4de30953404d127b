package provider

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// invalid is a configuration that no plan accepts, and what the error says.
type invalid struct{ name, config, want string }

func (i invalid) test(t *testing.T) {
	t.Parallel()
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps:                    []resource.TestStep{{Config: i.config, PlanOnly: true, ExpectError: regexp.MustCompile(spaced(i.want))}},
	})
}

// spaced lets a pattern match however Terraform breaks the lines.
func spaced(pattern string) string { return `(?s)` + strings.ReplaceAll(pattern, " ", `\s+`) }

// registryServer serves images on this machine: base:arm64 is for arm64 only.
func registryServer(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	ref, err := name.ParseReference(host + "/base:arm64")
	if err != nil {
		t.Fatal(err)
	}
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{
		Add: empty.Image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64"}},
	})
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
	return host
}

func TestAccSourceInvalid(t *testing.T) {
	acceptance(t)
	host := registryServer(t)
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(refusing.Close)
	app := files(t, map[string]string{"main.go": listingApp("invalid")})
	source := func(directory, attributes string) string {
		return fmt.Sprintf("resource \"handler_image\" \"test\" {\n  source = {\n package = %q\n %s\n }\n  repository = { name = \"never\" }\n}\n",
			directory, attributes)
	}
	for _, test := range []invalid{
		{"no such directory", source("/no/such/place", ""), `Failed to build image.*source = \{.*source\.package: .*/no/such/place`},
		{
			"not a main package", source(files(t, map[string]string{"a.go": "package library\n"}), ""),
			`source\.package: .*package library, not package main`,
		},
		{
			"several main packages", source(files(t, map[string]string{
				"cmd/one/main.go": "package main\n\nfunc main() {}\n", "cmd/two/main.go": "package main\n\nfunc main() {}\n",
			}), ""),
			`source\.package: .*cmd/one.*cmd/two`,
		},
		{
			"compile errors", source(files(t, map[string]string{
				"main.go": "package main\n\nfunc main() {\n\tundeclared()\n\tmissing()\n}\n", "other.go": "package main\n\nvar x int = \"text\"\n",
			}), ""),
			`source\.package: .*other\.go:3:13: .*main\.go:4:2: undefined: undeclared.*main\.go:5:2: undefined: missing.*Mend the code`,
		},
		{
			"missing go.sum entry", source(files(t, map[string]string{
				"go.mod":  "module example.com/m\n\ngo 1.26\n\nrequire golang.org/x/text v0.3.0\n",
				"main.go": "package main\n\nimport _ \"golang.org/x/text/language\"\n\nfunc main() {}\n",
			}), ""),
			`source\.package: .*go\.sum.*go mod tidy`,
		},
		{"no such base image", source(app, fmt.Sprintf("base_image = %q", host+"/base:none")), `source\.base_image: .*base:none`},
		{"base image of another platform", source(app, fmt.Sprintf("base_image = %q", host+"/base:arm64")), `source\.base_image: .*linux/amd64.*arm64`},
		{
			"base image in a registry that refuses", source(app, fmt.Sprintf("base_image = %q", strings.TrimPrefix(refusing.URL, "http://")+"/base:1")),
			`source\.base_image: .*(403|does not allow)`,
		},
		{
			"no such image to copy from", source(app, fmt.Sprintf(`copy = [{ image = %q, path = "/opt/extensions" }]`, host+"/none:1")),
			`source\.copy\[0\]\.image: .*none:1`,
		},
		{"relative path to copy", source(app, `copy = [{ image = "a", path = "opt" }]`), `source\.copy\[0\]\.path: .*absolute path`},
		{"unclean path to copy", source(app, `copy = [{ image = "a", path = "/opt/../etc" }]`), `source\.copy\[0\]\.path: .*absolute path`},
		{"missing file", source(app, `files = { "/etc/acme.yaml" = "/no/such/acme.yaml" }`), `source\.files\["/etc/acme.yaml"\]: .*/no/such/acme\.yaml`},
		{"file at a relative path", source(app, `files = { "etc/acme.yaml" = "acme.yaml" }`), `source\.files\["etc/acme.yaml"\]: .*absolute path`},
		{"label of the provider's", source(app, `labels = { "io.github.lambda-land.handlers" = "{}" }`), `source\.labels\[.*of your own`},
		{"no duration", source(app, `build_timeout = "soon"`), `source\.build_timeout: .*a duration above zero`},
		{"a build that takes too long", source(app, `build_timeout = "1ns"`), `Failed to build image.*source\.build_timeout: `},
		{"no such Go release", source(app, `go_version = "1"`), `source\.go_version: `},
		{"unknown architecture", source(app, `architecture = "mips"`), `architecture.*x86_64`},
		{"variable that the image decides", source(app, `env = { GOOS = "hunter2" }`), `source\.env.*GOOS`},
	} {
		t.Run(test.name, test.test)
	}
	t.Cleanup(func() {
		if _, exists := repositoryImages(t, "never"); exists {
			t.Error("a plan made a repository")
		}
	})
}

func TestAccImageInAnotherRegion(t *testing.T) {
	acceptance(t)
	const abroad = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme"
	app := files(t, map[string]string{"main.go": listingApp("region")})
	for _, test := range []invalid{
		{
			"image", fmt.Sprintf("resource \"handler_image\" \"test\" {\n  source = { package = %q }\n  repository = { url = %q }\n}\n", app, abroad),
			`repository\.url: .*eu-west-1.*us-east-1`,
		},
		{
			"function from source",
			fmt.Sprintf("resource \"handler_function\" \"test\" {\n  name = \"never\"\n  handler = \"first\"\n  source = { package = %q }\n"+
				"  repository = { url = %q }\n}\n", app, abroad),
			`repository\.url: .*eu-west-1.*us-east-1`,
		},
		{
			"function from an image", lone("never", abroad+"@sha256:"+strings.Repeat("1", 64), `handler = "first"`),
			`image_uri = .*is in region eu-west-1.*us-east-1`,
		},
	} {
		t.Run(test.name, test.test)
	}
}

func TestAccFunctionDoesNotFitItsImage(t *testing.T) {
	acceptance(t)
	uri := testImageURI(t, "1")
	app := files(t, map[string]string{"main.go": listingApp("fit")})
	sourced := func(attributes string) string {
		return fmt.Sprintf("resource \"handler_function\" \"test\" {\n  name = \"never\"\n  source = { package = %q }\n"+
			"  repository = { name = \"never\" }\n  %s\n}\n", app, attributes)
	}
	planned := func(attributes string) string {
		return fmt.Sprintf("resource \"handler_image\" \"test\" {\n  source = { package = %q, architecture = \"arm64\" }\n"+
			"  repository = { name = \"never\" }\n}\n"+
			"resource \"handler_function\" \"test\" {\n  name = \"never\"\n  image_uri = handler_image.test.image_uri\n  %s\n}\n", app, attributes)
	}
	for _, test := range []invalid{
		{"unknown handler of a source", sourced(`handler = "frist"`), `handler = "frist".*no handler "frist".*mean "first".*first, second`},
		{"unknown handler of an image", lone("never", uri, `handler = "frist"`), `handler = "frist".*mean "first".*first, second`},
		{
			"unknown handler of a planned image", planned("handler = \"frist\"\n architecture = \"arm64\""),
			`handler = "frist".*mean "first".*first, second`,
		},
		{
			"architecture besides the source's", sourced("handler = \"first\"\n architecture = \"arm64\""),
			`architecture = "arm64".*on arm64.*built for x86_64.*source\.architecture = "arm64"`,
		},
		{"architecture of an image", lone("never", uri, "handler = \"first\"\n architecture = \"arm64\""), `Wrong architecture.*for x86_64`},
		{"architecture of a planned image", planned(`handler = "first"`), `Wrong architecture.*for arm64.*architecture = "arm64"`},
		{"neither image nor source", "resource \"handler_function\" \"test\" {\n  name = \"never\"\n  handler = \"first\"\n}\n", `has no image.*image_uri.*source`},
		{"image and source", sourced("handler = \"first\"\n image_uri = \"" + uri + "\""), `source = .*two images`},
		{
			"source without a repository",
			fmt.Sprintf("resource \"handler_function\" \"test\" {\n  name = \"never\"\n  handler = \"first\"\n  source = { package = %q }\n}\n", app),
			`no place to go.*repository = `,
		},
		{"repository without a source", lone("never", uri, "handler = \"first\"\n repository = { name = \"never\" }"), `repository = .*is for an image built from source`},
		{
			"two repositories",
			strings.Replace(sourced(`handler = "first"`), `name = "never" }`, `name = "never", url = "host/never" }`, 1), `repository = .*not both`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if strings.HasSuffix(test.name, " of an image") { // whose labels are read where it was pushed to
				needsImages(t)
			}
			test.test(t)
		})
	}
}
