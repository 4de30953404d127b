package sqs_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// FuzzServeHTTP sends any body to any operation: whatever it is, the answer is a JSON object and never a server error.
func FuzzServeHTTP(f *testing.F) {
	for operation, body := range map[string]string{
		"CreateQueue": `{"QueueName":"x.fifo","Attributes":{"FifoQueue":"true","DelaySeconds":"3"},"tags":{"a":"b"}}`,
		"SetQueueAttributes": `{"QueueUrl":"q","Attributes":{"RedrivePolicy":"` +
			`{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:q\",\"maxReceiveCount\":1}"}}`,
		"GetQueueAttributes": `{"QueueUrl":"http://h/000000000000/q","AttributeNames":["All"]}`,
		"SendMessage":        `{"QueueUrl":"q","MessageBody":"x","MessageAttributes":{"a":{"DataType":"Number","StringValue":"1e9"}}}`,
		"SendMessageBatch": `{"QueueUrl":"q.fifo","Entries":[{"Id":"a","MessageBody":"x",` +
			`"MessageGroupId":"g","MessageDeduplicationId":"d"}]}`,
		"ReceiveMessage":          `{"QueueUrl":"q","MaxNumberOfMessages":10,"MessageAttributeNames":["a.*"]}`,
		"DeleteMessage":           `{"QueueUrl":"q","ReceiptHandle":"YXJuIGlkIDE="}`,
		"ChangeMessageVisibility": `{"QueueUrl":"q","ReceiptHandle":"YXJuIGlkIDE=","VisibilityTimeout":0}`,
		"ListQueues":              `{"NextToken":"cQ","MaxResults":1}`,
		"AddPermission":           `{"QueueUrl":"q","Label":"l","AWSAccountIds":["1"],"Actions":["*"]}`,
		"StartMessageMoveTask":    `{"SourceArn":"arn:aws:sqs:us-east-1:000000000000:q"}`,
		"CancelMessageMoveTask":   `{"TaskHandle":"e30="}`,
	} {
		f.Add(operation, body)
	}
	f.Fuzz(func(t *testing.T, operation, body string) {
		if strings.Contains(strings.ToLower(body), "wait") {
			t.Skip("a long poll takes its time")
		}
		service := sqs.New(discard())
		addQueue(t, service, "q", nil)
		addQueue(t, service, "q.fifo", map[string]string{"FifoQueue": "true"})
		send(t, service, "q", "x")
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", "AmazonSQS."+operation)
		w := httptest.NewRecorder()
		service.ServeHTTP(w, wire.WithCall(r))
		var answer map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code >= http.StatusInternalServerError {
			t.Errorf("%s %q: got %d %s", operation, body, w.Code, w.Body)
		}
	})
}
