package sqs_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

func attributesOf(t *testing.T, c *client.Client, url string, names ...types.QueueAttributeName) map[string]string {
	t.Helper()
	out, err := c.GetQueueAttributes(t.Context(), &client.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: names})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes
}

func TestDefaultAttributes(t *testing.T) {
	t.Parallel()
	c := start(t)
	want := map[string]string{
		"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesDelayed": "0", "ApproximateNumberOfMessagesNotVisible": "0",
		"DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0",
		"SqsManagedSseEnabled": "true", "VisibilityTimeout": "30",
	}
	for name, more := range map[string]map[string]string{
		"q": {},
		"q.fifo": {
			"FifoQueue": "true", "ContentBasedDeduplication": "false", "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue",
		},
	} {
		set := map[string]string{}
		if len(more) > 0 {
			set["FifoQueue"] = "True" // as botocore's users write it
		}
		url, arn := create(t, c, name, set)
		got := attributesOf(t, c, url, "All")
		if got["CreatedTimestamp"] == "" || got["LastModifiedTimestamp"] != got["CreatedTimestamp"] || len(got["CreatedTimestamp"]) != 10 {
			t.Errorf("created %q, modified %q, want the same in seconds", got["CreatedTimestamp"], got["LastModifiedTimestamp"])
		}
		delete(got, "CreatedTimestamp")
		delete(got, "LastModifiedTimestamp")
		expected := maps.Clone(want)
		maps.Copy(expected, more)
		expected["QueueArn"] = arn
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAttributesComeBackInCanonicalForm(t *testing.T) {
	t.Parallel()
	c := start(t)
	_, dead := create(t, c, "dead", nil)
	url, arn := create(t, c, "q", nil)
	for _, test := range []struct {
		name types.QueueAttributeName
		set  string
		want string // empty: the attribute is gone
	}{
		{
			"RedrivePolicy", ` {"maxReceiveCount": "5", "deadLetterTargetArn": "` + dead + `"}`,
			`{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":5}`,
		},
		{"RedrivePolicy", "", ""},
		{
			"RedriveAllowPolicy", `{"sourceQueueArns": ["` + arn + `"], "redrivePermission": "byQueue"}`,
			`{"redrivePermission":"byQueue","sourceQueueArns":["` + arn + `"]}`,
		},
		{"RedriveAllowPolicy", "", ""},
		{"Policy", `{"Version":"2012-10-17","Statement":[]}`, `{"Version":"2012-10-17","Statement":[]}`},
		{"Policy", "", ""},
		{"KmsMasterKeyId", "alias/aws/sqs", "alias/aws/sqs"},
		{"KmsMasterKeyId", "", ""},
	} {
		if _, err := c.SetQueueAttributes(t.Context(), &client.SetQueueAttributesInput{
			QueueUrl: &url, Attributes: map[string]string{string(test.name): test.set},
		}); err != nil {
			t.Fatal(err)
		}
		if got := attributesOf(t, c, url, test.name)[string(test.name)]; got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

// Recorded from AWS by the LocalStack project (test_sse_queue_attributes).
func TestOneKindOfEncryptionEndsTheOther(t *testing.T) {
	t.Parallel()
	c := start(t)
	url, _ := create(t, c, "q", map[string]string{"KmsMasterKeyId": "testKeyId", "KmsDataKeyReusePeriodSeconds": "6000"})
	names := []types.QueueAttributeName{"KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"}
	want := map[string]string{"KmsMasterKeyId": "testKeyId", "KmsDataKeyReusePeriodSeconds": "6000", "SqsManagedSseEnabled": "false"}
	if diff := cmp.Diff(want, attributesOf(t, c, url, names...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := c.SetQueueAttributes(t.Context(), &client.SetQueueAttributesInput{
		QueueUrl: &url, Attributes: map[string]string{"SqsManagedSseEnabled": "true"},
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"SqsManagedSseEnabled": "true"}, attributesOf(t, c, url, names...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSetQueueAttributesChangesAllOrNothing(t *testing.T) {
	t.Parallel()
	c := start(t)
	url, _ := create(t, c, "q", nil)
	_, err := c.SetQueueAttributes(t.Context(), &client.SetQueueAttributesInput{
		QueueUrl: &url, Attributes: map[string]string{"DelaySeconds": "9", "VisibilityTimeout": "x"},
	})
	wantAPIError(t, err, 400, "InvalidAttributeValue", "Invalid value for the parameter VisibilityTimeout.")
	if got := attributesOf(t, c, url, "DelaySeconds")["DelaySeconds"]; got != "0" {
		t.Errorf("DelaySeconds is %s, want 0", got)
	}
}

func TestCreateQueueIsIdempotent(t *testing.T) {
	t.Parallel()
	c := start(t)
	url, dead := create(t, c, "dead", nil)
	policy := `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":"3"}`
	first, _ := create(t, c, "q", map[string]string{"DelaySeconds": "1", "RedrivePolicy": policy})
	for _, attributes := range []map[string]string{nil, {"DelaySeconds": "1"}, {"RedrivePolicy": policy}, {"VisibilityTimeout": "30"}} {
		if again, _ := create(t, c, "q", attributes); again != first || again == url {
			t.Errorf("got %s, want %s", again, first)
		}
	}
}

func TestListQueues(t *testing.T) {
	t.Parallel()
	c := start(t)
	var want []string
	for i := range 7 {
		url, _ := create(t, c, fmt.Sprintf("a%d", i), nil)
		want = append(want, url)
	}
	create(t, c, "b", nil)
	var got []string
	pages := client.NewListQueuesPaginator(c, &client.ListQueuesInput{QueueNamePrefix: aws.String("a"), MaxResults: aws.Int32(3)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(page.QueueUrls) > 3 {
			t.Errorf("a page of %d, want at most 3", len(page.QueueUrls))
		}
		got = append(got, page.QueueUrls...)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	_, err := c.ListQueues(t.Context(), &client.ListQueuesInput{MaxResults: aws.Int32(1001)})
	wantAPIError(t, err, 400, invalidValueCode,
		"Value 1001 for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.")
	if out, err := c.ListQueues(t.Context(), &client.ListQueuesInput{QueueNamePrefix: aws.String("c")}); err != nil || out.QueueUrls != nil {
		t.Errorf("got %v, %v, want no list", out, err)
	}
}

func TestListDeadLetterSourceQueues(t *testing.T) {
	t.Parallel()
	c := start(t)
	url, dead := create(t, c, "dead", nil)
	source, _ := create(t, c, "q", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":3}`})
	create(t, c, "other", nil)
	out, err := c.ListDeadLetterSourceQueues(t.Context(), &client.ListDeadLetterSourceQueuesInput{QueueUrl: &url})
	if err != nil || !slices.Equal(out.QueueUrls, []string{source}) {
		t.Errorf("got %v, %v, want %s", out, err, source)
	}
}

func TestQueuesAreFoundByWhateverURL(t *testing.T) {
	t.Parallel()
	service := sqs.New(discard())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { service.ServeHTTP(w, wire.WithCall(r)) }))
	t.Cleanup(server.Close)
	ireland, oregon := newClient(server.URL, "eu-west-1"), newClient(server.URL, "us-west-2")
	url, arn := create(t, ireland, "q", nil)
	if url != server.URL+"/000000000000/q" {
		t.Errorf("got %s, want the host that was called", url)
	}
	for _, other := range []string{"https://sqs.eu-west-1.amazonaws.com/000000000000/q", "http://localhost:1/queue/000000000000/q", "q"} {
		if got := attributesOf(t, ireland, other, "QueueArn")["QueueArn"]; got != arn {
			t.Errorf("%s: got %s, want %s", other, got, arn)
		}
	}
	_, err := oregon.GetQueueUrl(t.Context(), &client.GetQueueUrlInput{QueueName: aws.String("q")})
	wantAPIError(t, err, 400, ns+"NonExistentQueue", "The specified queue does not exist.")
	create(t, oregon, "q", map[string]string{"DelaySeconds": "1"}) // a queue of its own
}

func TestTags(t *testing.T) {
	t.Parallel()
	c := start(t)
	out, err := c.CreateQueue(t.Context(), &client.CreateQueueInput{QueueName: aws.String("q"), Tags: map[string]string{"a": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	list := func() map[string]string {
		tags, err := c.ListQueueTags(t.Context(), &client.ListQueueTagsInput{QueueUrl: out.QueueUrl})
		if err != nil {
			t.Fatal(err)
		}
		return tags.Tags
	}
	tag := func(tags map[string]string) error {
		_, err := c.TagQueue(t.Context(), &client.TagQueueInput{QueueUrl: out.QueueUrl, Tags: tags})
		return err
	}
	if err := tag(map[string]string{"a": "2", "A": "", "b": "3"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.UntagQueue(t.Context(), &client.UntagQueueInput{QueueUrl: out.QueueUrl, TagKeys: []string{"b", "none"}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "2", "A": ""}, list()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	many := map[string]string{}
	for i := range 49 {
		many[fmt.Sprint(i)] = ""
	}
	wantAPIError(t, tag(many), 400, invalidValueCode, "Too many tags added for queue q.")
	if len(list()) != 2 {
		t.Error("tags were added in part")
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	c := start(t)
	url, arn := create(t, c, "q", nil)
	add := func(label string, accounts ...string) error {
		_, err := c.AddPermission(t.Context(), &client.AddPermissionInput{
			QueueUrl: &url, Label: &label, AWSAccountIds: accounts, Actions: []string{"ReceiveMessage"},
		})
		return err
	}
	drop := func(label string) error {
		_, err := c.RemovePermission(t.Context(), &client.RemovePermissionInput{QueueUrl: &url, Label: &label})
		return err
	}
	statement := func(label, principal string) string {
		return `{"Sid":"` + label + `","Effect":"Allow","Principal":{"AWS":` + principal +
			`},"Action":"SQS:ReceiveMessage","Resource":"` + arn + `"}`
	}
	for label, accounts := range map[string][]string{"one": {"111111111111"}, "two": {"111111111111", "222222222222"}} {
		if err := add(label, accounts...); err != nil {
			t.Fatal(err)
		}
	}
	wantAPIError(t, add("one", "333333333333"), 400, invalidValueCode, "Value one for parameter Label is invalid. Reason: Already exists.")
	policy := attributesOf(t, c, url, "Policy")["Policy"]
	for _, want := range []string{
		`{"Version":"2008-10-17","Id":"` + arn + `/SQSDefaultPolicy","Statement":[`,
		statement("one", `"arn:aws:iam::111111111111:root"`),
		statement("two", `["arn:aws:iam::111111111111:root","arn:aws:iam::222222222222:root"]`),
	} {
		if !strings.Contains(policy, want) {
			t.Errorf("got %s, want %s in it", policy, want)
		}
	}
	for _, label := range []string{"one", "two"} {
		if err := drop(label); err != nil {
			t.Fatal(err)
		}
	}
	wantAPIError(t, drop("one"), 400, invalidValueCode, "Value one for parameter Label is invalid. Reason: can't find label.")
	if got := attributesOf(t, c, url, "Policy"); len(got) > 0 {
		t.Errorf("got %v, want no policy", got)
	}
}
