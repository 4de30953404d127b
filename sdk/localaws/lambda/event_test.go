package lambda

import (
	"encoding/json"
	"testing"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
)

func TestEventIsWrittenAsAWSDoes(t *testing.T) {
	t.Parallel()
	title := "The Whistler"
	for name, test := range map[string]struct {
		queue   string
		message sqs.ReceivedMessage
		want    string
	}{
		"plain": {"jobs", sqs.ReceivedMessage{
			MessageID: "m1", ReceiptHandle: "r1", Body: `{"a":"<b>&"}`, MD5OfBody: "d1",
			Attributes: map[string]string{
				"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183", "SenderId": "AIDA", "ApproximateFirstReceiveTimestamp": "1545082649185",
			},
		}, `{"Records":[{"messageId":"m1","receiptHandle":"r1","body":"{\"a\":\"<b>&\"}","attributes":{"ApproximateReceiveCount":"1",` +
			`"SentTimestamp":"1545082649183","SenderId":"AIDA","ApproximateFirstReceiveTimestamp":"1545082649185"},"messageAttributes":{},` +
			`"md5OfMessageAttributes":null,"md5OfBody":"d1","eventSource":"aws:sqs",` +
			`"eventSourceARN":"arn:aws:sqs:us-east-2:000000000000:jobs","awsRegion":"us-east-2"}]}`},
		"attributes": {"jobs.fifo", sqs.ReceivedMessage{
			MessageID: "m2", ReceiptHandle: "r2", Body: "x", MD5OfBody: "d2", MD5OfMessageAttributes: "d3",
			Attributes: map[string]string{"MessageGroupId": "g", "SequenceNumber": "7", "AWSTraceHeader": "Root=1"},
			MessageAttributes: map[string]sqs.MessageAttributeValue{
				"Title": {StringValue: &title, DataType: "String"}, "B": {BinaryValue: []byte("1100"), DataType: "Binary"},
			},
		}, `{"Records":[{"messageId":"m2","receiptHandle":"r2","body":"x","attributes":{"AWSTraceHeader":"Root=1","SequenceNumber":"7",` +
			`"MessageGroupId":"g"},"messageAttributes":{"B":{"binaryValue":"MTEwMA==","stringListValues":[],"binaryListValues":[],` +
			`"dataType":"Binary"},"Title":{"stringValue":"The Whistler","stringListValues":[],"binaryListValues":[],"dataType":"String"}},` +
			`"md5OfMessageAttributes":"d3","md5OfBody":"d2","eventSource":"aws:sqs",` +
			`"eventSourceARN":"arn:aws:sqs:us-east-2:000000000000:jobs.fifo","awsRegion":"us-east-2"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			encoded, err := encodeRecord(test.message, "arn:aws:sqs:us-east-2:000000000000:"+test.queue)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(encodeEvent([]json.RawMessage{encoded})); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestBatchResponse(t *testing.T) {
	t.Parallel()
	batch := map[string]bool{"a": true, "b": true}
	for response, want := range map[string]struct {
		failed int
		ok     bool
	}{
		``:                           {0, true},
		`null`:                       {0, true},
		`""`:                         {0, true},
		`{}`:                         {0, true},
		`{"batchItemFailures":null}`: {0, true},
		`{"batchItemFailures":[]}`:   {0, true},
		`{"other":1}`:                {0, true},
		`{"batchItemFailures":[{"itemIdentifier":"a"}]}`:                        {1, true},
		`{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]}`: {2, true},
		`{"batchItemFailures":[{"itemIdentifier":""}]}`:                         {0, false},
		`{"batchItemFailures":[{"itemIdentifier":null}]}`:                       {0, false},
		`{"batchItemFailures":[{"ItemIdentifier":"a"}]}`:                        {0, false},
		`{"batchItemFailures":[{"id":"a"}]}`:                                    {0, false},
		`{"batchItemFailures":[{"itemIdentifier":"nobody"}]}`:                   {0, false},
		`{"batchItemFailures":["a"]}`:                                           {0, false},
		`{"batchItemFailures":"a"}`:                                             {0, false},
		`{"batchItemFailures":[`:                                                {0, false},
		`"text"`:                                                                {0, false},
		`[]`:                                                                    {0, false},
	} {
		failed, ok := failures([]byte(response), batch)
		if ok != want.ok || ok && len(failed) != want.failed {
			t.Errorf("%s: got %v, %v", response, failed, ok)
		}
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, body string
		want          bool
	}{
		{`{"body":{"type":["push","ping"]}}`, `{"type":"ping"}`, true},
		{`{"body":{"type":["push"]}}`, `{"type":"ping"}`, false},
		{`{"body":{"type":["push"]}}`, `push`, false},
		{`{"body":{"a":["x"],"b":[1]}}`, `{"a":"x","b":1}`, true},
		{`{"body":{"a":["x"],"b":[1]}}`, `{"a":"x","b":2}`, false},
		{`{"body":{"a":{"b":[true,null]}}}`, `{"a":{"b":null}}`, true},
		{`{"body":{"a":["x"]}}`, `{"a":["w","x"]}`, true},
		{`{"body":{"a":{"b":["x"]}}}`, `{"a":[{"b":"w"},{"b":"x"}]}`, true},
		{`{"body":{"a":[{"prefix":"re"}]}}`, `{"a":"repo"}`, true},
		{`{"body":{"a":[{"suffix":"po"}]}}`, `{"a":"repa"}`, false},
		{`{"body":{"a":[{"equals-ignore-case":"REPO"}]}}`, `{"a":"repo"}`, true},
		{`{"body":{"a":[{"wildcard":"a*b*c"}]}}`, `{"a":"a-b-b-c"}`, true},
		{`{"body":{"a":[{"wildcard":"a*b"}]}}`, `{"a":"a-b-c"}`, false},
		{`{"body":{"a":[{"exists":true}]}}`, `{"a":null}`, true},
		{`{"body":{"a":[{"exists":false}]}}`, `{"b":1}`, true},
		{`{"body":{"a":[{"exists":false}]}}`, `{"a":1}`, false},
		{`{"body":{"a":[{"anything-but":"x"}]}}`, `{"a":"y"}`, true},
		{`{"body":{"a":[{"anything-but":["x","y"]}]}}`, `{"a":"y"}`, false},
		{`{"body":{"a":[{"anything-but":{"prefix":"x"}}]}}`, `{"a":"xy"}`, false},
		{`{"body":{"a":[{"anything-but":"x"}]}}`, `{}`, false},
		{`{"body":{"a":[{"numeric":[">",0,"<=",5]}]}}`, `{"a":5}`, true},
		{`{"body":{"a":[{"numeric":[">",0,"<=",5]}]}}`, `{"a":6}`, false},
		{`{"body":{"a":[{"numeric":["=",3]}]}}`, `{"a":"3"}`, false},
		{`{"body":{"$or":[{"a":["x"]},{"b":["x"]}]}}`, `{"b":"x"}`, true},
		{`{"body":{"$or":[{"a":["x"]},{"b":["x"]}]}}`, `{"c":"x"}`, false},
		{`{"$or":[{"body":{"a":["x"]}},{"messageAttributes":{"kind":{"stringValue":["ping"]}}}]}`, `{"a":"x"}`, true},
		{`{"$or":[{"body":{"a":["y"]}},{"messageAttributes":{"kind":{"stringValue":["push"]}}}]}`, `plain`, true},
		{`{"$or":[{"body":{"a":["y"]}},{"messageAttributes":{"kind":{"stringValue":["ping"]}}}]}`, `{"a":"x"}`, false},
		{`{"body":["plain"]}`, `plain`, true},
		{`{"body":["plain"]}`, `other`, false},
		{`{"body":["plain"]}`, `"plain"`, false},
		{`{"body":[{"prefix":"pl"}]}`, `plain`, true},
		{`{"attributes":{"MessageGroupId":["g"]}}`, `anything`, true},
		{`{"messageAttributes":{"kind":{"stringValue":["push"]}}}`, `anything`, true},
		{`{"messageAttributes":{"kind":{"stringValue":["ping"]}}}`, `anything`, false},
	} {
		filters, err := parseFilters(&FilterCriteria{Filters: []Filter{{Pattern: &test.pattern}}})
		if err != nil {
			t.Errorf("%s: %s", test.pattern, err)
			continue
		}
		kind := "push"
		encoded, err := encodeRecord(sqs.ReceivedMessage{
			Body: test.body, Attributes: map[string]string{"MessageGroupId": "g"},
			MessageAttributes: map[string]sqs.MessageAttributeValue{"kind": {StringValue: &kind, DataType: "String"}},
		}, "arn:aws:sqs:us-east-2:000000000000:jobs")
		if err != nil {
			t.Fatal(err)
		}
		if got := matchesAny(filters, encoded); got != test.want {
			t.Errorf("%s on %s: got %v", test.pattern, test.body, got)
		}
	}
}

func TestFilterRefusesWhatIsNoPattern(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		``, `simple string`, `[]`, `{}`, `{"body":"text"}`, `{"body":[]}`, `{"body":{"a":[["x"]]}}`, `{"body":{"a":[{"prefix":1}]}}`,
		`{"body":{"a":[{"numeric":["~",1]}]}}`, `{"body":{"a":[{"numeric":["<"]}]}}`, `{"body":{"a":[{"exists":"yes"}]}}`,
		`{"body":{"a":[{"prefix":"a","suffix":"b"}]}}`, `{"body":{"a":[{"like":"x"}]}}`, `{"body":{"$or":3}}`,
	} {
		if _, err := parseFilters(&FilterCriteria{Filters: []Filter{{Pattern: &pattern}}}); err == nil {
			t.Errorf("%s was accepted", pattern)
		}
	}
	if _, err := parseFilters(&FilterCriteria{Filters: []Filter{{}}}); err == nil {
		t.Error("a filter without pattern was accepted")
	}
}
