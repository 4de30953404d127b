package provider

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

func TestAccFunctionDrift(t *testing.T) {
	acceptance(t)
	name, uri, otherURI := uniqueName(t), testImageURI(t, "1"), testImageURI(t, "2")
	client, logs := lambda.NewFromConfig(clientConfig()), cloudwatchlogs.NewFromConfig(clientConfig())
	config := functionConfig(name, uri, draining+"reset = handler_reset.test.id\n reserved_concurrency = 4\n environment = { LEVEL = \"1\", NONE = null }")
	mapping := func() *string {
		output, err := client.ListEventSourceMappings(background(), &lambda.ListEventSourceMappingsInput{FunctionName: &name})
		if err != nil || len(output.EventSourceMappings) != 1 {
			t.Fatalf("got %v and %v", output, err)
		}
		return output.EventSourceMappings[0].UUID
	}
	resetOf := func(function string) string {
		output, err := client.GetFunctionConfiguration(background(), &lambda.GetFunctionConfigurationInput{FunctionName: &function})
		if err != nil {
			t.Fatal(err)
		}
		return output.Environment.Variables["HANDLER_RESET"]
	}
	steps := []resource.TestStep{{Config: config}}
	for _, drift := range []func(context.Context) error{
		func(ctx context.Context) error {
			_, err := client.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: &name, ImageUri: &otherURI})
			return err
		},
		func(ctx context.Context) error {
			output, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
			if err != nil {
				return err
			}
			variables := output.Environment
			variables.Variables["LEVEL"] = "9"
			return setVariables(ctx, client, name, variables.Variables)
		},
		func(ctx context.Context) error {
			return setVariables(ctx, client, name, map[string]string{"HANDLER": "second"})
		},
		func(ctx context.Context) error {
			junk := "a=junk,b=" + queueURLOf("gone") + ",c=arn:aws:s3:::bucket"
			return setVariables(ctx, client, name, map[string]string{"HANDLER": "first", "HANDLER_QUEUES": junk})
		},
		func(ctx context.Context) error { // which nothing but this tells from what it should be
			output, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
			if err != nil {
				return err
			}
			output.Environment.Variables["HANDLER_QUEUES"] = "b=" + queueURLOf("gone")
			return setVariables(ctx, client, name, output.Environment.Variables)
		},
		func(ctx context.Context) error {
			return setVariables(ctx, client, name, map[string]string{"HANDLER": "first", "SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS": "appsecret,,zzz"})
		},
		func(ctx context.Context) error {
			return setVariables(ctx, client, name, map[string]string{"HANDLER": "first", "LEVEL": "1", "HANDLER_RESET": resetOf(name), "HANDLER_QUEUES": ""})
		},
		func(ctx context.Context) error {
			return setVariables(ctx, client, name, map[string]string{"HANDLER": "first", "LEVEL": "1", "HANDLER_RESET": resetOf(name), "HANDLER_QUEUES": "zzz"})
		},
		func(ctx context.Context) error {
			group := "/aws/lambda/" + name
			_, err := logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &group, RetentionInDays: aws.Int32(3)})
			return err
		},
		func(ctx context.Context) error {
			group := "/aws/lambda/" + name
			_, err := logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &group})
			return err
		},
		func(ctx context.Context) error {
			_, err := client.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: &name})
			return err
		},
		func(ctx context.Context) error {
			_, err := client.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{UUID: mapping(), Enabled: aws.Bool(false)})
			return err
		},
		func(ctx context.Context) error {
			_, err := client.DeleteEventSourceMapping(ctx, &lambda.DeleteEventSourceMappingInput{UUID: mapping()})
			return err
		},
	} {
		steps = append(steps, resource.TestStep{
			PreConfig: func() {
				if err := drift(background()); err != nil {
					t.Fatal(err)
				}
			},
			Config:           config,
			ConfigPlanChecks: update(),
			Check: resource.ComposeTestCheckFunc(
				environmentIs(name, map[string]string{"HANDLER": "first", "LEVEL": "1", "HANDLER_QUEUES": "", "SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS": ""}),
				logGroupKept(name),
			),
		})
	}
	steps = append(steps,
		resource.TestStep{
			PreConfig: func() {
				if err := cloud.New(clientConfig()).DeleteRole(background(), roleName(name, testRegion)); err != nil {
					t.Fatal(err)
				}
			},
			Config:           config,
			ConfigPlanChecks: update(),
			Check:            policyAllows(name, "sqs:ReceiveMessage", name),
		},
		resource.TestStep{
			PreConfig: func() {
				group := "/aws/lambda/" + name
				_, err := logs.DeleteLogGroup(background(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &group})
				if err != nil {
					t.Fatal(err)
				}
			},
			Taint:            []string{"handler_reset.test"},
			Config:           config,
			ConfigPlanChecks: update(),
			Check:            logGroupKept(name),
		},
		resource.TestStep{
			PreConfig: func() {
				output, err := client.GetFunctionConfiguration(background(), &lambda.GetFunctionConfigurationInput{FunctionName: &name})
				if err != nil {
					t.Fatal(err)
				}
				variables := output.Environment.Variables
				variables["SOMEBODY_ELSES"] = "1"
				if err := setVariables(background(), client, name, variables); err != nil {
					t.Fatal(err)
				}
			},
			Config:           config,
			ConfigPlanChecks: update(),
			Check:            environmentIs(name, map[string]string{"SOMEBODY_ELSES": "", "LEVEL": "1"}),
		},
		resource.TestStep{
			PreConfig: func() {
				if _, err := client.DeleteFunction(background(), &lambda.DeleteFunctionInput{FunctionName: &name}); err != nil {
					t.Fatal(err)
				}
			},
			Config:           config, // the mapping and the role are still there, and are used again
			ConfigPlanChecks: update(),
			Check:            unlessMoto(drains(name, name)), // which maps a queue twice
		},
	)
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories(), CheckDestroy: nothingLeft(name), Steps: steps})
}

func setVariables(ctx context.Context, client *lambda.Client, name string, variables map[string]string) error {
	_, err := client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &name,
		Environment:  &types.Environment{Variables: variables},
	})
	return err
}

// TestAccFunctionIgnoresStreams has somebody else map a stream to the function.
func TestAccFunctionIgnoresStreams(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	config := functionConfig(name, uri, draining)
	stream := fmt.Sprintf(`{"UUID":"00000000-0000-0000-0000-000000000001","EventSourceArn":"arn:aws:kinesis:us-east-1:1:stream/s","FunctionArn":%q,`+
		`"State":"Enabled","BatchSize":1,"FunctionResponseTypes":["ReportBatchItemFailures"]},`, testARN("lambda", "function:"+name))
	var stop func()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: config},
			{
				PreConfig: func() {
					stop = backend.alter(t, `^GET /2015-03-31/event-source-mappings`, name, func(answer string) string {
						return strings.Replace(answer, `"EventSourceMappings":[`, `"EventSourceMappings":[`+stream, 1)
					})
				},
				Config: config, PlanOnly: true,
			},
			{PreConfig: func() { stop() }, Config: config, PlanOnly: true},
		},
	})
}

// TestAccFunctionThatIsGoneIsNotImported has its role remain.
func TestAccFunctionThatIsGoneIsNotImported(t *testing.T) {
	acceptance(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             nothingLeft(name),
		Steps: []resource.TestStep{
			{Config: lone(name, uri, `handler = "first"`)},
			{
				PreConfig: func() {
					_, err := lambda.NewFromConfig(clientConfig()).DeleteFunction(background(), &lambda.DeleteFunctionInput{FunctionName: &name})
					if err != nil {
						t.Fatal(err)
					}
				},
				ResourceName: testFunction, ImportState: true, ImportStateId: name,
				ExpectError: regexp.MustCompile("Cannot import non-existent remote object"),
			},
		},
	})
}

// TestAccFunctionThatLogsElsewhere has somebody else point the function to a log group of theirs, which is not the function's to be deleted.
func TestAccFunctionThatLogsElsewhere(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	client, logs := lambda.NewFromConfig(clientConfig()), cloudwatchlogs.NewFromConfig(clientConfig())
	shared := "/shared/" + name
	if _, err := logs.CreateLogGroup(background(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &shared}); err != nil {
		t.Fatal(err)
	}
	config := lone(name, uri, "handler = \"first\"\n log = { keep = false }")
	elsewhere := func() {
		_, err := client.UpdateFunctionConfiguration(background(), &lambda.UpdateFunctionConfigurationInput{
			FunctionName: &name, LoggingConfig: &types.LoggingConfig{LogGroup: &shared},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	kept := func(*terraform.State) error {
		if err := logGroupGone(shared)(nil); err == nil {
			return errors.New("the shared log group is gone")
		}
		return nil
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             resource.ComposeTestCheckFunc(nothingLeft(name), logGroupGone("/aws/lambda/"+name), kept),
		Steps: []resource.TestStep{
			{Config: config},
			{PreConfig: elsewhere, Config: config, ConfigPlanChecks: update(), Check: resource.ComposeTestCheckFunc(kept, func(*terraform.State) error {
				found, err := client.GetFunctionConfiguration(background(), &lambda.GetFunctionConfigurationInput{FunctionName: &name})
				if err == nil && aws.ToString(found.LoggingConfig.LogGroup) != "/aws/lambda/"+name {
					err = fmt.Errorf("it logs to %s", *found.LoggingConfig.LogGroup)
				}
				return err
			})},
			{PreConfig: elsewhere, Config: config, Destroy: true},
		},
	})
}

// TestAccLogGroupOfSeveralFunctionsStays has the function go first that would delete it.
func TestAccLogGroupOfSeveralFunctionsStays(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	group := "/shared/" + name
	function := func(suffix string) string {
		return strings.Replace(lone(name+suffix, uri, fmt.Sprintf("handler = \"first\"\n log = { keep = false, group = %q }", group)), `"test"`, `"f`+suffix+`"`, 1)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             resource.ComposeTestCheckFunc(nothingLeft(name+"-a"), nothingLeft(name+"-b"), logGroupGone(group)),
		Steps: []resource.TestStep{
			{Config: function("-a") + function("-b")},
			{Config: function("-b"), ConfigPlanChecks: emptyPlan()},
		},
	})
}
