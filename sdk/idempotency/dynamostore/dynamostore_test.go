package dynamostore_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/idempotency"
	"github.com/lambda-land/terraform-provider-handler/sdk/idempotency/dynamostore"
	"github.com/lambda-land/terraform-provider-handler/sdk/idempotency/storetest"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// TestStore tests all that needs a DynamoDB.
func TestStore(t *testing.T) {
	t.Parallel()
	endpoint := startMoto(t)
	client := clientOf(endpoint, oneByOne)
	t.Run("conformance", func(t *testing.T) {
		storetest.Test(t, dynamostore.New(createTable(t, client, "id", "", "expires"), dynamostore.WithClient(client)))
	})
	t.Run("conformance with other attributes", func(t *testing.T) {
		storetest.Test(t, dynamostore.New(createTable(t, client, "owner-of", "", "ttl"), dynamostore.WithClient(client),
			dynamostore.WithAttributes("owner-of", "ttl")))
	})
	for name, test := range map[string]func(*testing.T, string){
		"items":           testItems,
		"lost answers":    testLostAnswers,
		"wrong tables":    testWrongTables,
		"foreign items":   testForeignItems,
		"through the app": testThroughTheApp,
	} {
		t.Run(name, func(t *testing.T) { test(t, endpoint) })
	}
}

// testItems reads the items of the table as others see them: time to live needs whole seconds.
func testItems(t *testing.T, endpoint string) {
	client := clientOf(endpoint)
	table := createTable(t, client, "id", "", "expires")
	store := dynamostore.New(table, dynamostore.WithClient(client))
	until := time.Unix(4_000_000_000, 1)
	if _, err := store.Begin(t.Context(), "k", "a", until); err != nil {
		t.Fatal(err)
	}
	check := func(want map[string]types.AttributeValue) {
		t.Helper()
		out, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &table,
			Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "k"}}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.Item, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
			t.Errorf("item (-want +got):\n%s", diff)
		}
	}
	check(entry("in progress", "4000000001"))
	if err := store.Done(t.Context(), "k", "a", until.Add(time.Second-1)); err != nil {
		t.Fatal(err)
	}
	check(entry("done", "4000000001"))
	if err := store.Release(t.Context(), "k", "a"); err != nil {
		t.Fatal(err)
	}
	check(nil)
}

// entry is an item with key "k" and owner "a".
func entry(state, expires string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"id":      &types.AttributeValueMemberS{Value: "k"},
		"owner":   &types.AttributeValueMemberS{Value: "a"},
		"state":   &types.AttributeValueMemberS{Value: state},
		"expires": &types.AttributeValueMemberN{Value: expires},
	}
}

// testLostAnswers has DynamoDB do what it is told, and the connection break before it says so.
func testLostAnswers(t *testing.T, endpoint string) {
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int32
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(*http.Response) error {
		if calls.Add(1)%2 == 1 {
			panic(http.ErrAbortHandler)
		}
		return nil
	}
	server := httptest.NewServer(proxy)
	defer server.Close()
	table := createTable(t, clientOf(endpoint), "id", "", "expires")
	store := dynamostore.New(table, dynamostore.WithClient(clientOf(server.URL)))
	until := time.Now().Add(time.Hour)
	for range 2 {
		if answer, err := store.Begin(t.Context(), "k", "a", until); err != nil || answer.State != idempotency.Acquired {
			t.Errorf("Begin: got %+v, %v; want it acquired", answer, err)
		}
		if err := store.Release(t.Context(), "k", "a"); err != nil {
			t.Errorf("Release: %s", err)
		}
	}
	if err := store.Done(t.Context(), "k", "a", until); err != nil {
		t.Errorf("Done: %s", err)
	}
	if n := calls.Load(); n != 10 {
		t.Errorf("%d calls reached DynamoDB, want two for each", n)
	}
}

// testWrongTables has errors say what is wrong with the table.
func testWrongTables(t *testing.T, endpoint string) {
	client := clientOf(endpoint, once)
	for _, test := range []struct{ table, want string }{
		{"missing", `ResourceNotFoundException: Requested resource not found; ` +
			`create it in the function's region, with the partition key "id" of type string, or correct its name`},
		{createTable(t, client, "pk", "", ""), `check that its partition key is "id" of type string, and that it has no sort key`},
		{createTable(t, client, "id", "sk", ""), `check that its partition key is "id" of type string, and that it has no sort key`},
		{"", "it has no name: give dynamostore.New one"},
	} {
		checkFaults(t, dynamostore.New(test.table, dynamostore.WithClient(client)), test.table, test.want)
	}
}

// testForeignItems has items in the way that somebody else made.
func testForeignItems(t *testing.T, endpoint string) {
	client := clientOf(endpoint)
	table := createTable(t, client, "id", "", "expires")
	store := dynamostore.New(table, dynamostore.WithClient(client))
	without := func(attribute string) map[string]types.AttributeValue {
		item := entry("done", "4000000000")
		delete(item, attribute)
		return item
	}
	for _, item := range []map[string]types.AttributeValue{
		without("owner"), without("state"), without("expires"), entry("open", "4000000000"), entry("done", "4000000000.5"),
	} {
		if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
			t.Fatal(err)
		}
		answer, err := store.Begin(t.Context(), "k", "b", time.Now().Add(time.Hour))
		if err == nil || !strings.Contains(err.Error(), "use a table that holds nothing else") || answer.State != "" {
			t.Errorf("%v: got %+v, %v", item, answer, err)
		}
	}
}

// testThroughTheApp has an event fail, succeed and come again.
func testThroughTheApp(t *testing.T, endpoint string) {
	client := clientOf(endpoint)
	store := dynamostore.New(createTable(t, client, "id", "", "expires"), dynamostore.WithClient(client))
	calls := 0
	app := sdk.New("acme", sdk.Use(idempotency.Middleware(store)),
		sdk.Handler("h", sdk.On("a", func(context.Context, sdk.Event[string]) error {
			if calls++; calls == 1 {
				panic("oh")
			}
			return nil
		})))
	for i, want := range []sdktest.Outcome{sdktest.Retried, sdktest.Handled, sdktest.Handled} {
		if m := sdktest.Invoke(t, app, "h", sdktest.Event{Type: "a", ID: "1"}).Messages[0]; m.Outcome != want {
			t.Errorf("delivery %d: got %s with %v, want %s", i+1, m.Outcome, m.Err, want)
		}
	}
	if calls != 2 {
		t.Errorf("%d calls, want 2", calls)
	}
}
