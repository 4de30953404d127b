package sdk_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// An app opens its database once, when its secrets are there and before there is anything to do. If that fails, Lambda is told why the
// function cannot start.
func ExampleOnInit() {
	var db *sql.DB
	open := func(ctx context.Context) error {
		db = openDB() // with os.Getenv("DATABASE_URL"), which is a secret
		sdk.LimitPool(ctx, db, 10)
		fmt.Println("the database is open")
		return db.PingContext(ctx)
	}
	onRun := func(ctx context.Context, e sdk.Event[Run]) error {
		fmt.Println("uses the database:", db != nil)
		return nil
	}
	app := sdk.New("acme", sdk.OnInit(open), sdk.Handler("jobs", sdk.On("run.requested", onRun)))

	runtime := startInLambda(app, "jobs", io.Discard) // main would call app.Main
	runtime.invoke("run.requested", `{"Commit": "a1"}`)
	// Output:
	// the database is open
	// uses the database: true
}

// A thousand runtimes have a thousand pools. Each gets as many connections as its handler handles messages at the same time, and none
// that the database may have closed during a freeze.
func ExampleLimitPool() {
	const atOnce = 4
	db := openDB()
	app := sdk.New("acme",
		sdk.OnInit(func(ctx context.Context) error { sdk.LimitPool(ctx, db, atOnce); return nil }),
		sdk.Handler("jobs", sdk.Concurrency(atOnce), sdk.On("run.requested", func(ctx context.Context, _ sdk.Event[Run]) error {
			return db.PingContext(ctx)
		})),
	)

	runtime := startInLambda(app, "jobs", io.Discard)
	runtime.invoke("run.requested", `{}`)
	fmt.Println("connections:", db.Stats().MaxOpenConnections, "at most,", db.Stats().Idle, "idle")
	runtime.Freeze(time.Hour)
	runtime.invoke("run.requested", `{}`)
	// Output:
	// connections: 4 at most, 1 idle
	// a connection to the database is closed
}

// A runtime that was frozen for long forgets what it had cached. Timers would not have told it, as they stood still.
func ExampleOnThaw() {
	cache := map[string]string{"acme/site": "main"}
	app := sdk.New("acme",
		sdk.OnThaw(func(gap time.Duration) {
			fmt.Println("was frozen for", gap.Round(time.Second))
			if gap > 5*time.Minute {
				clear(cache)
			}
		}),
		sdk.Handler("jobs", sdk.On("run.requested", func(context.Context, sdk.Event[Run]) error {
			fmt.Println("cached:", len(cache))
			return nil
		})),
	)

	runtime := startInLambda(app, "jobs", io.Discard)
	runtime.invoke("run.requested", `{}`)
	runtime.Freeze(time.Hour)
	runtime.invoke("run.requested", `{}`)
	// Output:
	// cached: 1
	// was frozen for 1h0m0s
	// cached: 0
}

// What is counted while messages are handled leaves the runtime before Lambda freezes it.
func ExampleOnFreeze() {
	runs := 0
	app := sdk.New("acme",
		sdk.OnFreeze(func(context.Context) { fmt.Println("report", runs, "run") }),
		sdk.Handler("jobs", sdk.On("run.requested", func(context.Context, sdk.Event[Run]) error { runs++; return nil })),
	)

	deliver(app, "jobs", eventOf("run.requested", Run{"a1"}))
	// Output:
	// report 1 run
	// run.requested handled
}

// A server, or a runtime, takes its leave of the database.
func ExampleOnShutdown() {
	db := openDB()
	app := sdk.New("acme",
		sdk.Server(func(ctx context.Context) error { return db.PingContext(ctx) }),
		sdk.OnShutdown(func(context.Context) { _ = db.Close() }),
	)

	if err := app.Run(context.Background(), []string{"backend", "server"}, io.Discard, io.Discard); err != nil {
		fmt.Println(err)
	}
	// Output: a connection to the database is closed
}

// A client with a transport of its own, here one that exists before the app, has connections that their other side may close during a
// freeze. The next request must not find them open.
func ExampleTransports() {
	client := &http.Client{Transport: transport{}} // http.DefaultTransport is known to the app already
	app := sdk.New("acme", sdk.Transports(client), sdk.Handler("jobs", sdk.On("run.requested", ignore)))

	runtime := startInLambda(app, "jobs", io.Discard)
	runtime.Freeze(time.Hour)
	runtime.invoke("run.requested", `{}`)
	// Output: idle connections are closed
}

// A client that is made when it is first needed.
func ExampleCloseOnThaw() {
	client := sync.OnceValue(func() *http.Client { return &http.Client{Transport: transport{}} })
	onRun := func(ctx context.Context, _ sdk.Event[Run]) error {
		sdk.CloseOnThaw(ctx, client()) // no more than once, however often it is called
		return nil
	}
	app := sdk.New("acme", sdk.Handler("jobs", sdk.On("run.requested", onRun)))

	runtime := startInLambda(app, "jobs", io.Discard)
	runtime.invoke("run.requested", `{}`)
	runtime.invoke("run.requested", `{}`)
	runtime.Freeze(time.Hour)
	runtime.invoke("run.requested", `{}`)
	// Output: idle connections are closed
}
