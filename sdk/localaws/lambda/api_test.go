package lambda_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	mediatypes "github.com/google/go-containerregistry/pkg/v1/types"
)

// wantError checks an API error: its status, code and message, which may be cut with "…" at its end.
func wantError(t *testing.T, err error, status int, code, message string) {
	t.Helper()
	apiErr, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	response, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || response.HTTPStatusCode() != status || apiErr.ErrorCode() != code {
		t.Errorf("got %d %s, want %d %s", response.HTTPStatusCode(), apiErr.ErrorCode(), status, code)
	}
	start, cut := strings.CutSuffix(message, "…")
	if got := apiErr.ErrorMessage(); got != message && (!cut || !strings.HasPrefix(got, start)) {
		t.Errorf("got  %s\nwant %s", got, message)
	}
}

func TestCreateFunctionRefusals(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "taken")
	f.images[repository+":index"] = mutate.MediaType(f.images[repository+":1"], mediatypes.OCIImageIndex)
	f.images[repository+":zstd"] = image(t, v1.Config{}, static.NewLayer([]byte("x"), mediatypes.OCILayerZStd))
	const invalid, validation = "InvalidParameterValueException", "ValidationException"
	for name, test := range map[string]struct {
		change        func(*awslambda.CreateFunctionInput)
		status        int
		code, message string
	}{
		"zip": {
			func(in *awslambda.CreateFunctionInput) { in.PackageType = types.PackageTypeZip }, 400, invalid,
			"localaws runs functions with PackageType Image only…",
		},
		"runtime": {
			func(in *awslambda.CreateFunctionInput) { in.Runtime = types.RuntimeProvidedal2023 }, 400, invalid,
			"Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.",
		},
		"no image": {
			func(in *awslambda.CreateFunctionInput) { in.Code = &types.FunctionCode{} }, 400, invalid,
			"Please provide ImageUri when creating a function with packageType Image.",
		},
		"missing image": {
			func(in *awslambda.CreateFunctionInput) { in.Code.ImageUri = aws.String(repository + ":none") }, 400, invalid,
			"Source image 127.0.0.1:4566/acme:none does not exist. Provide a valid source image.",
		},
		"image without tag": {
			func(in *awslambda.CreateFunctionInput) { in.Code.ImageUri = aws.String(repository) }, 400, invalid,
			"Source image 127.0.0.1:4566/acme is not valid. Provide a valid source image.",
		},
		"index": {
			func(in *awslambda.CreateFunctionInput) { in.Code.ImageUri = aws.String(repository + ":index") }, 400, invalid,
			"The image manifest, config or layer media type for the source image 127.0.0.1:4566/acme:index is not supported.",
		},
		"index, as the registry tells": {
			func(in *awslambda.CreateFunctionInput) { in.Code.ImageUri = aws.String(repository + ":multi") }, 400, invalid,
			"The image manifest, config or layer media type for the source image 127.0.0.1:4566/acme:multi is not supported.",
		},
		"zstd": {
			func(in *awslambda.CreateFunctionInput) { in.Code.ImageUri = aws.String(repository + ":zstd") }, 400, invalid,
			"The image manifest, config or layer media type for the source image 127.0.0.1:4566/acme:zstd is not supported.",
		},
		"taken": {
			func(in *awslambda.CreateFunctionInput) { in.FunctionName = aws.String("taken") }, 409, "ResourceConflictException",
			"Function already exist: taken",
		},
		"name": {
			func(in *awslambda.CreateFunctionInput) { in.FunctionName = aws.String("in valid") }, 400, validation,
			"1 validation error detected: Value 'in valid' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: …",
		},
		"long name": {
			func(in *awslambda.CreateFunctionInput) { in.FunctionName = aws.String(strings.Repeat("a", 65)) }, 400, invalid,
			"1 validation error detected: Value '" + strings.Repeat("a", 65) + "' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64",
		},
		"other region": {
			func(in *awslambda.CreateFunctionInput) {
				in.FunctionName = aws.String("arn:aws:lambda:us-east-1:000000000000:function:acme")
			}, 404,
			"ResourceNotFoundException", "Functions from 'us-east-1' are not reachable in this region ('eu-west-1')",
		},
		"role pattern": {
			func(in *awslambda.CreateFunctionInput) { in.Role = aws.String("r1") }, 400, validation,
			`1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`,
		},
		"role": {
			func(in *awslambda.CreateFunctionInput) { in.Role = aws.String(role + "2") }, 400, invalid,
			"The role defined for the function cannot be assumed by Lambda.",
		},
		"timeout": {
			func(in *awslambda.CreateFunctionInput) { in.Timeout = aws.Int32(901) }, 400, validation,
			"1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
		},
		"memory and timeout": {
			func(in *awslambda.CreateFunctionInput) { in.Timeout, in.MemorySize = aws.Int32(0), aws.Int32(64) }, 400, validation,
			"2 validation errors detected: Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1; Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128",
		},
		"architecture": {
			func(in *awslambda.CreateFunctionInput) { in.Architectures = []types.Architecture{"X86_64"} }, 400, validation,
			"1 validation error detected: Value '[X86_64]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
		},
		"reserved keys": {environment("AWS_REGION", "x"), 400, invalid,
			"Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION"},
		"malformed key": {environment("_RESET", "x"), 400, validation,
			"1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"},
		"large environment": {environment("BIG", strings.Repeat("x", 4090)), 400, invalid,
			"Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: {\"BIG\":\"xxx…"},
		"log level": {
			func(in *awslambda.CreateFunctionInput) {
				in.LoggingConfig = &types.LoggingConfig{LogFormat: types.LogFormatText, SystemLogLevel: types.SystemLogLevelInfo}
			}, 400, invalid, "LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel from your request or change the LogFormat to \"JSON\" and try again.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &awslambda.CreateFunctionInput{
				FunctionName: aws.String("acme"), Role: aws.String(role), PackageType: types.PackageTypeImage,
				Code: &types.FunctionCode{ImageUri: aws.String(repository + ":1")},
			}
			test.change(in)
			_, err := f.lambda.CreateFunction(t.Context(), in)
			wantError(t, err, test.status, test.code, test.message)
		})
	}
}

func environment(key, value string) func(*awslambda.CreateFunctionInput) {
	return func(in *awslambda.CreateFunctionInput) {
		in.Environment = &types.Environment{Variables: map[string]string{key: value}}
	}
}

func TestFunctionIsShownAsAWSDoes(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme", func(in *awslambda.CreateFunctionInput) { in.Tags = map[string]string{"team": "a"} })
	out, err := f.lambda.GetFunction(t.Context(), &awslambda.GetFunctionInput{FunctionName: aws.String("acme")})
	if err != nil {
		t.Fatal(err)
	}
	digest, _ := f.images[repository+":1"].Digest()
	c := out.Configuration
	got := fmt.Sprint(*c.FunctionName, *c.FunctionArn, *c.Version, c.State, c.LastUpdateStatus, *c.Timeout, *c.MemorySize, c.PackageType,
		*c.LoggingConfig.LogGroup, c.LoggingConfig.LogFormat, c.TracingConfig.Mode, *c.EphemeralStorage.Size, c.Architectures,
		*c.CodeSha256 == digest.Hex, c.CodeSize > 1000, *out.Code.RepositoryType, *out.Code.ImageUri,
		*out.Code.ResolvedImageUri == repository+"@"+digest.String(), out.Tags, out.Concurrency == nil)
	want := fmt.Sprint("acme", "arn:aws:lambda:eu-west-1:000000000000:function:acme", "$LATEST", "Active", "Successful", 10, 128, "Image",
		"/aws/lambda/acme", "Text", "PassThrough", 512, []string{"x86_64"}, true, true, "ECR", repository+":1", true, map[string]string{"team": "a"}, true)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestUpdatesWaitForEachOther(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	before, err := f.lambda.GetFunctionConfiguration(t.Context(), &awslambda.GetFunctionConfigurationInput{FunctionName: aws.String("acme")})
	if err != nil {
		t.Fatal(err)
	}
	update := func(revision *string) error {
		_, err := f.lambda.UpdateFunctionConfiguration(t.Context(), &awslambda.UpdateFunctionConfigurationInput{
			FunctionName: aws.String("acme"), Description: aws.String("new"), RevisionId: revision,
		})
		return err
	}
	if err := update(before.RevisionId); err != nil {
		t.Fatal(err)
	}
	f.reset(t, "1")
	wantError(t, update(before.RevisionId), 412, "PreconditionFailedException",
		"The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme", func(in *awslambda.CreateFunctionInput) { in.Timeout = aws.Int32(180) })
	_, slow := f.queue(t, "slow", map[string]string{"VisibilityTimeout": "900"})
	_, quick := f.queue(t, "quick", map[string]string{"VisibilityTimeout": "60"})
	_, fifo := f.queue(t, "slow.fifo", map[string]string{"VisibilityTimeout": "900", "FifoQueue": "true"})
	_, taken := f.queue(t, "taken", map[string]string{"VisibilityTimeout": "900"})
	id := f.mapped(t, "acme", taken)
	const invalid = "InvalidParameterValueException"
	mapping := func(queue string, change func(*awslambda.CreateEventSourceMappingInput)) func(context.Context) error {
		return func(ctx context.Context) error {
			in := &awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("acme"), EventSourceArn: &queue}
			if change != nil {
				change(in)
			}
			_, err := f.lambda.CreateEventSourceMapping(ctx, in)
			return err
		}
	}
	for name, test := range map[string]struct {
		call          func(context.Context) error
		status        int
		code, message string
	}{
		"visibility": {mapping(quick, nil), 400, invalid, "Queue visibility timeout: 60 seconds is less than Function timeout: 180 seconds"},
		"no queue": {mapping("arn:aws:sqs:eu-west-1:000000000000:none", nil), 400, invalid,
			"Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist…"},
		"no function":     {mapping(slow, func(in *awslambda.CreateEventSourceMappingInput) { in.FunctionName = aws.String("none") }), 400, invalid, "Function does not exist"},
		"no event source": {mapping("arn:aws:kinesis:eu-west-1:000000000000:stream/s", nil), 400, invalid, "Unrecognized event source."},
		"duplicate": {mapping(taken, nil), 409, "ResourceConflictException",
			`An event source mapping with SQS arn (" ` + taken + ` ") and function (" acme ") already exists. Please update or delete the existing mapping with UUID ` + id},
		"batch without window": {mapping(slow, func(in *awslambda.CreateEventSourceMappingInput) { in.BatchSize = aws.Int32(11) }), 400, invalid,
			"Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"},
		"batch size": {mapping(slow, func(in *awslambda.CreateEventSourceMappingInput) { in.BatchSize = aws.Int32(10001) }), 400, "ValidationException",
			"1 validation error detected: Value '10001' at 'batchSize' failed to satisfy constraint: Member must have value less than or equal to 10000"},
		"FIFO window": {mapping(fifo, func(in *awslambda.CreateEventSourceMappingInput) { in.MaximumBatchingWindowInSeconds = aws.Int32(1) }), 400, invalid,
			"Batching window is not supported for FIFO queues"},
		"concurrency": {mapping(slow, func(in *awslambda.CreateEventSourceMappingInput) {
			in.ScalingConfig = &types.ScalingConfig{MaximumConcurrency: aws.Int32(1)}
		}), 400, "ValidationException",
			"1 validation error detected: Value '1' at 'scalingConfig.maximumConcurrency' failed to satisfy constraint: Member must have value greater than or equal to 2"},
		"filter": {mapping(slow, func(in *awslambda.CreateEventSourceMappingInput) {
			in.FilterCriteria = &types.FilterCriteria{Filters: []types.Filter{{Pattern: aws.String("push")}}}
		}), 400, invalid, "Invalid filter pattern definition."},
		"destination": {mapping(slow, func(in *awslambda.CreateEventSourceMappingInput) {
			in.DestinationConfig = &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: &taken}}
		}), 400, invalid, "Unsupported DestinationConfig parameter for given event source mapping type."},
		"no mapping": {func(ctx context.Context) error {
			_, err := f.lambda.GetEventSourceMapping(ctx, &awslambda.GetEventSourceMappingInput{UUID: aws.String("none")})
			return err
		}, 404, "ResourceNotFoundException", "The resource you requested does not exist."},
		"get": {func(ctx context.Context) error {
			_, err := f.lambda.GetFunction(ctx, &awslambda.GetFunctionInput{FunctionName: aws.String("acme"), Qualifier: aws.String("7")})
			return err
		}, 404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-west-1:000000000000:function:acme:7"},
		"invoke": {func(ctx context.Context) error {
			_, err := f.lambda.Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("none")})
			return err
		}, 404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-west-1:000000000000:function:none"},
		"payload": {func(ctx context.Context) error {
			_, err := f.lambda.Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("acme"), Payload: []byte("{")})
			return err
		}, 400, "InvalidRequestContentException", "Could not parse request body into json: …"},
		"large payload": {func(ctx context.Context) error {
			_, err := f.lambda.Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("acme"), Payload: make([]byte, 6<<20+1)})
			return err
		}, 413, "RequestTooLargeException", "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"},
		"reservation": {func(ctx context.Context) error {
			_, err := f.lambda.PutFunctionConcurrency(ctx, &awslambda.PutFunctionConcurrencyInput{
				FunctionName: aws.String("acme"), ReservedConcurrentExecutions: aws.Int32(901),
			})
			return err
		}, 400, invalid, "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100]."},
		"qualified reservation": {func(ctx context.Context) error {
			_, err := f.lambda.PutFunctionConcurrency(ctx, &awslambda.PutFunctionConcurrencyInput{
				FunctionName: aws.String("acme:1"), ReservedConcurrentExecutions: aws.Int32(1),
			})
			return err
		}, 400, invalid, "This operation is permitted on Lambda functions only.…"},
		"policy": {func(ctx context.Context) error {
			_, err := f.lambda.GetPolicy(ctx, &awslambda.GetPolicyInput{FunctionName: aws.String("acme")})
			return err
		}, 404, "ResourceNotFoundException", "The resource you requested does not exist."},
		"tags": {func(ctx context.Context) error {
			_, err := f.lambda.ListTags(ctx, &awslambda.ListTagsInput{Resource: aws.String("arn:aws:lambda:eu-west-1:000000000000:function:none")})
			return err
		}, 404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-west-1:000000000000:function:none"},
		"unsupported": {func(ctx context.Context) error {
			_, err := f.lambda.ListLayers(ctx, &awslambda.ListLayersInput{})
			return err
		}, 404, "UnknownOperationException", "The operation GET /2018-10-31/layers is not supported by localaws."},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, test.call(t.Context()), test.status, test.code, test.message) })
	}
}

func TestListsAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, name := range []string{"a", "b", "c"} {
		f.create(t, name)
		for _, queue := range []string{"1", "2"} {
			_, arn := f.queue(t, "jobs-"+queue, nil)
			f.mapped(t, name, arn)
		}
	}
	functions := awslambda.NewListFunctionsPaginator(f.lambda, &awslambda.ListFunctionsInput{MaxItems: aws.Int32(2)})
	var names []string
	for functions.HasMorePages() {
		page, err := functions.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Functions {
			names = append(names, *c.FunctionName)
		}
	}
	if got := strings.Join(names, ""); got != "abc" {
		t.Errorf("got functions %s", got)
	}
	for _, test := range []struct {
		in   awslambda.ListEventSourceMappingsInput
		want int
	}{
		{awslambda.ListEventSourceMappingsInput{MaxItems: aws.Int32(4)}, 6},
		{awslambda.ListEventSourceMappingsInput{FunctionName: aws.String("b")}, 2},
		{awslambda.ListEventSourceMappingsInput{EventSourceArn: aws.String("arn:aws:sqs:eu-west-1:000000000000:jobs-1")}, 3},
		{awslambda.ListEventSourceMappingsInput{FunctionName: aws.String("b"), EventSourceArn: aws.String("arn:aws:sqs:eu-west-1:000000000000:jobs-1")}, 1},
		{awslambda.ListEventSourceMappingsInput{FunctionName: aws.String("none")}, 0},
	} {
		mappings, n := awslambda.NewListEventSourceMappingsPaginator(f.lambda, &test.in), 0
		for mappings.HasMorePages() {
			page, err := mappings.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			n += len(page.EventSourceMappings)
		}
		if n != test.want {
			t.Errorf("got %d mappings, want %d", n, test.want)
		}
	}
	settings, err := f.lambda.GetAccountSettings(t.Context(), &awslambda.GetAccountSettingsInput{})
	if err != nil || settings.AccountUsage.FunctionCount != 3 || *settings.AccountLimit.UnreservedConcurrentExecutions != 1000 {
		t.Errorf("got %+v, %v", settings, err)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	_, queue := f.queue(t, "jobs", nil)
	id := f.mapped(t, "acme", queue)
	for _, arn := range []string{"arn:aws:lambda:eu-west-1:000000000000:function:acme", "arn:aws:lambda:eu-west-1:000000000000:event-source-mapping:" + id} {
		_, err := f.lambda.TagResource(t.Context(), &awslambda.TagResourceInput{Resource: &arn, Tags: map[string]string{"a": "1", "b": "2"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.lambda.UntagResource(t.Context(), &awslambda.UntagResourceInput{Resource: &arn, TagKeys: []string{"a", "c"}}); err != nil {
			t.Fatal(err)
		}
		out, err := f.lambda.ListTags(t.Context(), &awslambda.ListTagsInput{Resource: &arn})
		if err != nil || fmt.Sprint(out.Tags) != "map[b:2]" {
			t.Errorf("%s: got %v, %v", arn, out, err)
		}
	}
}

func TestOlderClientsEndCollectionsInASlash(t *testing.T) {
	t.Parallel()
	f := start(t)
	url := *f.lambda.Options().BaseEndpoint + "/2015-03-31/functions/"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("got %s", response.Status)
	}
}
