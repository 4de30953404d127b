package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// functionReads are the calls that tell a function's state.
const functionReads = `^GET /2015-03-31/functions/[^/]+(/configuration)?$`

var (
	stateOf  = regexp.MustCompile(`"State":"[^"]*"(,"StateReason":"[^"]*")?(,"StateReasonCode":"[^"]*")?`)
	updateOf = regexp.MustCompile(`"LastUpdateStatus":"[^"]*"(,"LastUpdateStatusReason":"[^"]*")?(,"LastUpdateStatusReasonCode":"[^"]*")?`)
)

// inState lets Lambda say that functions of this name are in a state.
func inState(t *testing.T, name, state, reason, code string) (stop func()) {
	t.Helper()
	return backend.alter(t, functionReads, name, func(answer string) string {
		return stateOf.ReplaceAllString(answer, fmt.Sprintf(`"State":%q,"StateReason":%q,"StateReasonCode":%q`, state, reason, code))
	})
}

// TestAccFunctionThatFails has Lambda accept functions and fail to make them, each for another reason.
func TestAccFunctionThatFails(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	key := "kms_key_arn = " + fmt.Sprintf("%q", testARN("kms", "key/1"))
	const vpc = `vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }`
	tests := []struct{ code, attributes, blamed, advice string }{
		{"ImageDeleted", "", "image_uri = ", "Push the image again"},
		{"ImageAccessDenied", "", "image_uri = ", "Let the policy of the image's repository allow lambda.amazonaws.com"},
		{"InvalidImage", "", "image_uri = ", "as one manifest for the function's architecture."},
		{"FunctionError.InvalidEntryPoint", "", "image_uri = ", "Build it for that architecture"},
		{"FunctionError.PermissionDenied", "", "image_uri = ", "its entry point executable, by any user."},
		{"FunctionError.InitTimeout", "", "image_uri = ", "See its log group"},
		{"InsufficientRolePermissions", "", "resource \"handler_function\"", "also ec2:CreateNetworkInterface"},
		{"EniLimitExceeded", vpc, "vpc = ", "Service Quotas."},
		{"SubnetOutOfIPAddresses", vpc, "vpc = ", "Free addresses in the subnets"},
		{"KMSKeyAccessDenied", key, "kms_key_arn = ", "kms:CreateGrant"},
		{"DisabledKMSKey", key, "kms_key_arn = ", "Enable the key, or name another one."},
		{"InternalError", "", "", "Apply again."},
	}
	var config strings.Builder
	var stops []func()
	for i, test := range tests {
		function := fmt.Sprintf("%s-%d-", name, i)
		config.WriteString(strings.Replace(lone(function, uri, "handler = \"first\"\n  "+test.attributes), `"test"`, fmt.Sprintf(`"n%d"`, i), 1))
		stops = append(stops, inState(t, function, "Failed", "It went wrong.", test.code))
	}
	w := newCLI(t, config.String())
	output, ok := w.run(t, []string{"apply", "-auto-approve"})
	for i, test := range tests {
		want := fmt.Sprintf("%s.* Function %s-%d-: Lambda could not create function %[2]s-%[3]d-: It went wrong \\(%s\\)\\. .*%s",
			regexp.QuoteMeta(test.blamed), name, i, regexp.QuoteMeta(test.code), regexp.QuoteMeta(test.advice))
		said := errorAbout(output, fmt.Sprintf("%s-%d-", name, i))
		if ok || !regexp.MustCompile(want).MatchString(said) || strings.Contains(said, "waiter") {
			t.Errorf("got %q, want %s", said, want)
		}
		if err := nothingLeft(fmt.Sprintf("%s-%d-", name, i))(nil); err != nil {
			t.Errorf("%s: %s", test.code, err)
		}
		detached := backend.count(`^PUT /2015-03-31/functions/`+name+`-\d+-/configuration$`, fmt.Sprintf("%s-%d-", name, i))
		if (detached == 1) != strings.HasPrefix(test.attributes, "vpc") {
			t.Errorf("%s: the function was taken out of its VPC %d times", test.code, detached)
		}
		stops[i]()
	}
	for _, args := range [][]string{{"apply", "-auto-approve"}, {"plan", "-detailed-exitcode"}, {"destroy", "-auto-approve"}} {
		if output, ok := w.run(t, args); !ok {
			t.Fatalf("%v: %s", args, output)
		}
	}
}

func TestAccFunctionThatStaysPending(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	stop := inState(t, name, "Pending", "The function is being created.", "Creating")
	config := lone(name, uri, "handler = \"first\"\n timeouts = { create = \"4s\" }")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps: []resource.TestStep{
			{Config: config, ExpectError: regexp.MustCompile(spaced(`Failed to create function.*timeouts = .*timeouts\.create: Function ` + name +
				`: Function ` + name + ` is still Pending when its time is up: The function is being created\. Apply again, with a longer timeouts\.create`))},
			{
				PreConfig: func() {
					if err := nothingLeft(name)(nil); err != nil {
						t.Error(err)
					}
					stop()
				},
				Config: config, ConfigPlanChecks: emptyPlan(),
			},
		},
	})
}

// TestAccFunctionUpdateThatLambdaFails has Lambda accept an update, show it and say later that it failed, or nothing in time.
func TestAccFunctionUpdateThatLambdaFails(t *testing.T) {
	acceptance(t)
	needsImages(t)
	uri, otherURI := testImageURI(t, "1"), testImageURI(t, "2")
	for status, want := range map[string]string{
		"Failed":     `Lambda could not update function \S+, which goes on as it was: It went wrong \(DisabledKMSKey\)\. Enable the key`,
		"InProgress": `Function \S+ is still being updated when its time is up: It went wrong\. Apply again, with a longer timeouts\.update`,
	} {
		t.Run(status, func(t *testing.T) {
			name := uniqueName(t)
			updates := `^PUT /2015-03-31/functions/` + name + `/(code|configuration)$`
			var stop func()
			changed := lone(name, otherURI, "handler = \"first\"\n environment = { LEVEL = \"2\" }\n timeouts = { update = \"4s\" }")
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				CheckDestroy:             nothingLeft(name),
				Steps: []resource.TestStep{
					{Config: lone(name, uri, "handler = \"first\"\n environment = { LEVEL = \"1\" }")},
					{
						PreConfig: func() {
							stop = backend.alter(t, functionReads, name, func(answer string) string {
								return updateOf.ReplaceAllString(answer, fmt.Sprintf(`"LastUpdateStatus":%q,"LastUpdateStatusReason":"It went wrong.",`+
									`"LastUpdateStatusReasonCode":"DisabledKMSKey"`, status))
							})
						},
						Config:      changed,
						ExpectError: regexp.MustCompile(spaced(`Failed to update function.*Function ` + name + `: ` + want)),
					},
					{
						PreConfig:        func() { backend.before(t, updates, name, stop) },
						Config:           changed,
						ConfigPlanChecks: update(),
						Check:            environmentIs(name, map[string]string{"LEVEL": "2"}),
					},
				},
			})
			if got := backend.count(updates, name); got != 3 { // of configuration, which failed; then of configuration and image
				t.Errorf("got %d updates, want 3", got)
			}
		})
	}
}

// TestAccFunctionUpdateThatIsTakenBack has Lambda fail the second half of an update, which then is not wanted any more.
func TestAccFunctionUpdateThatIsTakenBack(t *testing.T) {
	acceptance(t)
	needsImages(t)
	uri, otherURI := testImageURI(t, "1"), testImageURI(t, "2")
	for half, handler := range map[string]string{"configuration": "second", "code": "first"} {
		t.Run(half, func(t *testing.T) {
			name := uniqueName(t)
			var stop func()
			before := lone(name, uri, "handler = \"first\"\n environment = { LEVEL = \"1\" }")
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				CheckDestroy:             nothingLeft(name),
				Steps: []resource.TestStep{
					{Config: before},
					{
						PreConfig: func() {
							backend.before(t, `^PUT /2015-03-31/functions/`+name+`/`+half+`$`, name, func() {
								stop = backend.alter(t, functionReads, name, func(answer string) string {
									return updateOf.ReplaceAllString(answer, `"LastUpdateStatus":"Failed","LastUpdateStatusReason":"It went wrong."`)
								})
							})
						},
						Config:      lone(name, otherURI, "handler = \""+handler+"\"\n environment = { LEVEL = \"2\" }"),
						ExpectError: regexp.MustCompile(spaced(`Failed to update function.*It went wrong`)),
					},
					{
						PreConfig: func() { backend.before(t, `^PUT /2015-03-31/functions/`+name+`/`, name, stop) },
						Config:    before, ConfigPlanChecks: update(),
						Check: resource.ComposeTestCheckFunc(
							environmentIs(name, map[string]string{"LEVEL": "1", "HANDLER": "first"}),
							functionIs(name, func(found *lambda.GetFunctionOutput) error {
								if got := aws.ToString(found.Code.ImageUri); got != uri {
									return fmt.Errorf("it runs %s, want %s", got, uri)
								}
								return nil
							}),
						),
					},
				},
			})
		})
	}
}
