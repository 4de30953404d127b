package idempotency_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/idempotency"
)

type Order struct{ Number string }

// An event that comes twice is handled once. One that failed is handled again.
func Example() {
	attempts := 0
	charge := func(_ context.Context, e sdk.Event[Order]) error {
		if attempts++; attempts == 1 {
			return errors.New("the bank does not answer")
		}
		fmt.Println("charging order", e.Data.Number)
		return nil
	}
	store := new(idempotency.Memory) // in production: dynamostore.New(…)
	app := sdk.New("acme", sdk.Handler("billing", sdk.On("order.paid", charge, sdk.Use(idempotency.Middleware(store)))))

	deliver(app, "billing", `{"specversion": "1.0", "id": "1", "source": "shop", "type": "order.paid", "data": {"Number": "42"}}`, 3)
	// Output:
	// delivery 1: to be retried
	// charging order 42
	// delivery 2: handled
	// delivery 3: handled
}

// A sender that gives one order a new event ID each time needs a key that is made of the order.
func ExampleKey() {
	byOrder := idempotency.Key(func(_ context.Context, e sdk.RawEvent) (string, error) {
		var order Order
		if err := json.Unmarshal(e.Data, &order); err != nil || order.Number == "" {
			return "", sdk.Permanent(errors.New("the order has no number"))
		}
		return order.Number, nil
	})
	// The prefix keeps the numbers of orders apart from other keys in the same store.
	once := idempotency.Middleware(new(idempotency.Memory), byOrder, idempotency.Prefix("order/"))
	charge := once(func(_ context.Context, e sdk.RawEvent) error { fmt.Println("charging for event", e.ID); return nil })

	for _, id := range []string{"1", "2"} {
		if err := charge(context.Background(), sdk.RawEvent{ID: id, Data: []byte(`{"Number": "42"}`)}); err != nil {
			fmt.Println(err)
		}
	}
	// Output: charging for event 1
}
