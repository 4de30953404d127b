package dynamostore_test

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// endpointVariable names a moto server that runs already, as tools/moto starts it.
const endpointVariable = "HANDLER_TEST_ENDPOINT"

// startMoto returns the address of a moto server: the one that runs already, or else one that ends with the test. Where there is none, it
// skips the test.
func startMoto(t *testing.T) string {
	t.Helper()
	if endpoint := os.Getenv(endpointVariable); endpoint != "" {
		return endpoint
	}
	path, err := exec.LookPath("moto_server")
	if err != nil {
		t.Skipf("no DynamoDB to test on: put a moto_server on the PATH, or the address of one into %s", endpointVariable)
	}
	server := exec.CommandContext(t.Context(), path, "-H", "127.0.0.1", "-p", "0")
	output, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatalf("start %s: %s", path, err)
	}
	t.Cleanup(func() { _ = server.Wait() }) // the context of the test, which has ended by now, has killed it
	late := time.AfterFunc(time.Minute, func() { _ = server.Process.Kill() })
	defer late.Stop()
	var said string
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(lines.Text()); address != "" {
			go func() { _, _ = io.Copy(io.Discard, output) }() // it logs each request, and stops if nobody reads that
			return address
		}
		said += lines.Text() + "\n"
	}
	t.Fatalf("%s did not start:\n%s", path, said)
	return ""
}

// clientOf is a client of the DynamoDB at an address.
func clientOf(endpoint string, options ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: &endpoint,
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	}, options...)
}

// once has a client try each call once.
func once(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }

// oneByOne has requests wait for each other: moto looks at a condition and then writes, where DynamoDB does both at once, so that two
// requests at the same moment may both find the condition met. Callers still come in any order.
func oneByOne(o *dynamodb.Options) {
	o.HTTPClient = &serialClient{client: awshttp.NewBuildableClient()}
}

type serialClient struct {
	mu     sync.Mutex
	client aws.HTTPClient
}

func (s *serialClient) Do(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.client.Do(r)
}

// createTable makes a table with keys of the given names, "" for no sort key, as the documentation says. It returns its name.
func createTable(t *testing.T, client *dynamodb.Client, partitionKey, sortKey, expires string) string {
	t.Helper()
	name := aws.String("idempotency-" + rand.Text())
	input := &dynamodb.CreateTableInput{TableName: name, BillingMode: types.BillingModePayPerRequest}
	for key, kind := range map[string]types.KeyType{partitionKey: types.KeyTypeHash, sortKey: types.KeyTypeRange} {
		if key != "" {
			input.KeySchema = append(input.KeySchema, types.KeySchemaElement{AttributeName: &key, KeyType: kind})
			input.AttributeDefinitions = append(input.AttributeDefinitions,
				types.AttributeDefinition{AttributeName: &key, AttributeType: types.ScalarAttributeTypeS})
		}
	}
	if _, err := client.CreateTable(t.Context(), input); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := client.DeleteTable(context.WithoutCancel(t.Context()), &dynamodb.DeleteTableInput{TableName: name}); err != nil {
			t.Error(err)
		}
	})
	_, err := client.UpdateTimeToLive(t.Context(), &dynamodb.UpdateTimeToLiveInput{TableName: name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String(cmp.Or(expires, "expires")), Enabled: aws.Bool(true)}})
	if err != nil {
		t.Fatal(err)
	}
	return *name
}
