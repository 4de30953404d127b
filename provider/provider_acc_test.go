package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// queueTags returns the tags of a queue in a region; nil if there is no such queue.
func queueTags(t *testing.T, region, name string) map[string]string {
	t.Helper()
	config := clientConfig()
	config.Region = region
	client := sqs.NewFromConfig(config)
	found, err := client.GetQueueUrl(background(), &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return nil
	}
	tags, err := client.ListQueueTags(background(), &sqs.ListQueueTagsInput{QueueUrl: found.QueueUrl})
	if err != nil {
		t.Fatal(err)
	}
	return tags.Tags
}

// tagQueue tags a queue as something else than Terraform does.
func tagQueue(t *testing.T, name string, tags map[string]string) {
	t.Helper()
	client := sqs.NewFromConfig(clientConfig())
	found, err := client.GetQueueUrl(background(), &sqs.GetQueueUrlInput{QueueName: &name})
	if err == nil {
		_, err = client.TagQueue(background(), &sqs.TagQueueInput{QueueUrl: found.QueueUrl, Tags: tags})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAccProviderIgnoreTags(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	const address = "handler_queue.this"
	config := func(tags string) string {
		return fmt.Sprintf(`
provider "handler" {
  default_tags = { team = "platform", "scan/default" = "1" }
  ignore_tags {
    keys         = ["seen"]
    key_prefixes = ["scan/"]
  }
}

resource "handler_queue" "this" {
  name        = %q
  dead_letter = { enabled = false }
  tags        = { %s }
}
`, name, tags)
	}
	shown := func(tags map[string]knownvalue.Check) []statecheck.StateCheck {
		return []statecheck.StateCheck{statecheck.ExpectKnownValue(address, tfjsonpath.New("tags_all"), knownvalue.MapExact(tags))}
	}
	unchanged := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{
				Config: config(`own = "1", seen = "at first"`),
				ConfigStateChecks: shown(map[string]knownvalue.Check{
					"own": knownvalue.StringExact("1"), "team": knownvalue.StringExact("platform"),
				}),
			},
			{
				PreConfig:        func() { tagQueue(t, name, map[string]string{"seen": "yes", "scan/id": "7"}) },
				Config:           config(`own = "1", seen = "at first"`),
				ConfigPlanChecks: unchanged,
			},
			{
				Config: config(`other = "2"`),
				ConfigStateChecks: shown(map[string]knownvalue.Check{
					"other": knownvalue.StringExact("2"), "team": knownvalue.StringExact("platform"),
				}),
			},
			{
				ResourceName: address, ImportState: true, ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "url",
				ImportStateIdFunc: func(*terraform.State) (string, error) { return queueURL(t, name), nil },
			},
			{PreConfig: func() {
				want := map[string]string{"other": "2", "team": "platform", "seen": "yes", "scan/id": "7", "scan/default": "1"}
				if got := queueTags(t, testRegion, name); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("got tags %v, want %v", got, want)
				}
			}, Config: config(`other = "2"`), ConfigPlanChecks: unchanged},
		},
	})
}

func TestAccProviderBlocks(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config: fmt.Sprintf(`
provider "handler" {
  region                      = "eu-west-1"
  access_key                  = "key"
  secret_key                  = "secret"
  token                       = "token"
  max_retries                 = 3
  retry_mode                  = "adaptive"
  sts_region                  = "us-east-1"
  allowed_account_ids         = ["000000000000"]
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  insecure                    = false

  assume_role {
    role_arn     = "arn:aws:iam::000000000000:role/first"
    session_name = "acme"
    external_id  = "outside"
    duration     = "1h"
    tags         = { team = "platform" }
  }
  assume_role {
    role_arn    = "arn:aws:iam::000000000000:role/second"
    policy      = jsonencode({ Version = "2012-10-17", Statement = [] })
    policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
  }
  endpoints {
    sqs = %[1]q
  }
  endpoints {
    sts            = %[1]q
    cloudwatchlogs = %[1]q
  }
}

resource "handler_queue" "this" {
  name = %[2]q
}
`, backend.endpoint, name),
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue("handler_queue.this", tfjsonpath.New("arn"),
				knownvalue.StringExact("arn:aws:sqs:eu-west-1:000000000000:"+name))},
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		}},
	})
	if backend.count("AssumeRole", "role%2Fsecond") == 0 {
		t.Error("the second role was not assumed")
	}
}

func TestAccProviderRefuses(t *testing.T) {
	acceptance(t)
	for block, want := range map[string]string{
		`access_key = "key"`: `secret_key`,
		`token = "t"`:        `access_key`,
		"allowed_account_ids = [\"000000000000\"]\n forbidden_account_ids = [\"111111111111\"]": `cannot\s+be\s+specified`,
		`allowed_account_ids = ["acme"]`:         `12\s+digits`,
		`allowed_account_ids = ["222222222222"]`: `(?s)account\s+is\s+not\s+allowed.*allowed_account_ids`,
		`retry_mode = "often"`:                   `adaptive`,
		`skip_metadata_api_check = "maybe"`:      `true`,
		`region = "eu-west-11"`:                  `(?s)AWS region is not known.*eu-west-1`,
		`profile = "nobody"`:                     `(?s)profile\s+does\s+not\s+exist.*nobody`,
		`assume_role {}`:                         `role_arn`,
		`assume_role { role_arn = "deployer" }`:  `must\s+be\s+an\s+ARN`,
		"assume_role {\n role_arn = \"arn:aws:iam::1:role/r\"\n duration = \"1\"\n}": `15m`,
		"assume_role {\n role_arn = \"arn:aws:iam::1:role/r\"\n policy = \"all\"\n}": `JSON`,
		`assume_role_with_web_identity { role_arn = "arn:aws:iam::1:role/r" }`:       `web_identity_token`,
		"ignore_tags {}\n ignore_tags {}":                                            `at\s+most\s+1`,
		`endpoints { sqs = "localhost:4566" }`:                                       `http://`,
		"endpoints {\n logs = \"http://a\"\n cloudwatchlogs = \"http://a\"\n}":       `cloudwatchlogs`,
	} {
		t.Run(strings.Fields(block)[0], func(t *testing.T) {
			t.Parallel()
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				Steps: []resource.TestStep{{
					Config:      "provider \"handler\" {\n" + block + "\n}\nresource \"handler_reset\" \"this\" {}\n",
					ExpectError: regexp.MustCompile(want),
				}},
			})
		})
	}
}

// TestAccProviderAliases runs the provider's binary, as Terraform starts one process for each configuration of it.
func TestAccProviderAliases(t *testing.T) {
	acceptance(t)
	name := uniqueName(t)
	config := fmt.Sprintf(`
provider "handler" {
  default_tags = { where = "east" }
}

provider "handler" {
  alias      = "west"
  region     = "us-west-2"
  access_key = "west"
  secret_key = "west"
}

resource "handler_queue" "east" {
  name = %[1]q
}

resource "handler_queue" "west" {
  provider    = handler.west
  name        = %[1]q
  dead_letter = { enabled = false }
}

output "url" { value = handler_queue.west.url }
`, name)
	w := newCLI(t, config)
	run := func(args ...string) string {
		t.Helper()
		output, ok := w.run(t, args, "TF_AWS_DEFAULT_TAGS_by=terraform")
		if !ok {
			t.Fatalf("%v: %s", args, output)
		}
		return output
	}
	run("apply", "-auto-approve")
	run("plan", "-detailed-exitcode")
	for region, want := range map[string]map[string]string{
		testRegion: {"where": "east", "by": "terraform"}, "us-west-2": {"by": "terraform"},
	} {
		if got := queueTags(t, region, name); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("the queue in %s has tags %v, want %v", region, got, want)
		}
	}
	url := strings.Trim(run("output", "-raw", "url"), " ")
	run("state", "rm", "handler_queue.west")
	run("import", "handler_queue.west", url)
	run("plan", "-detailed-exitcode")
	run("destroy", "-auto-approve")
	for _, region := range []string{testRegion, "us-west-2"} {
		if queueTags(t, region, name) != nil {
			t.Errorf("the queue in %s is left", region)
		}
	}
}

// TestAccProviderAliasesHaveImagesOfTheirOwn deploys all of one app, under the same names, in two regions.
func TestAccProviderAliasesHaveImagesOfTheirOwn(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name := uniqueName(t)
	directory := files(t, map[string]string{"main.go": listingApp("regions")})
	everything := func(alias string) string {
		config := imageOf(directory, "", fmt.Sprintf("name = %q", name), "") + queueConfig(name, "") +
			strings.Replace(lone(name, "-", "handler = \"first\"\n  queues = { main = { arn = handler_queue.test.arn } }"), `"-"`, "handler_image.test.image_uri", 1)
		config = strings.ReplaceAll(config, ".test.", "."+alias+".")
		return strings.ReplaceAll(config, "\"test\" {\n", "\""+alias+"\" {\n  provider = handler."+alias+"\n")
	}
	w := newCLI(t, "provider \"handler\" {\n  alias  = \"us\"\n  region = \"us-east-1\"\n}\nprovider \"handler\" {\n  alias  = \"eu\"\n  region = \"eu-west-1\"\n}\n"+
		everything("us")+everything("eu"))
	w.must(t, "apply", "-auto-approve")
	w.must(t, "plan", "-detailed-exitcode")
	images := map[string]string{}
	for _, region := range []string{"us-east-1", "eu-west-1"} {
		config := clientConfig()
		config.Region = region
		found, err := lambda.NewFromConfig(config).GetFunction(background(), &lambda.GetFunctionInput{FunctionName: &name})
		if err != nil {
			t.Fatalf("%s: %s", region, err)
		}
		images[aws.ToString(found.Code.ImageUri)] = region
	}
	if len(images) != 2 {
		t.Errorf("got images %v, want one for each region", images)
	}
	w.must(t, "destroy", "-auto-approve")
}
