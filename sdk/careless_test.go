package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// careless is an app whose handler functions do, as the event's data says, what none should. Its handler "one" handles one message
// at a time and keeps a second of margin.
func careless() *sdk.App {
	return sdk.New("careless",
		sdk.Handler("h", sdk.On("do", beCareless)),
		sdk.Handler("one", sdk.On("do", beCareless), sdk.Concurrency(1), sdk.Margin(time.Second)),
		countingHandler(),
	)
}

func beCareless(ctx context.Context, e sdk.Event[string]) error {
	verb, argument, _ := strings.Cut(e.Data, " ")
	fmt.Printf("%q begins\n", e.ID)
	switch verb {
	case "nil-pointer":
		var order *struct{ Number int }
		order.Number++
	case "never":
		select {}
	case "spin":
		for turns := 0; ; turns++ {
		}
	case "go-never":
		sdk.Go(ctx, func(context.Context) error { select {} })
	case "go-panic":
		go panic("in a goroutine of its own")
		<-ctx.Done()
	case "exit":
		code, err := strconv.Atoi(argument)
		if err != nil {
			return err
		}
		os.Exit(code)
	case "fail":
		return errBroken
	case "permanent":
		return sdk.Permanent(errBroken)
	case "until-the-end":
		<-ctx.Done()
		end, _ := sdk.InvocationDeadline(ctx)
		fmt.Printf("%q ends %t before the invocation\n", e.ID, time.Until(end) > 0)
	case "show":
		fmt.Printf("data %q\n", argument)
	case "attribute":
		m, _ := sdk.MessageFrom(ctx)
		value, ok := m.Attribute(argument)
		fmt.Printf("attribute %q %t\n", value, ok)
		return sdk.Permanent(errors.New("attributes were shown"))
	}
	fmt.Printf("%q ends\n", e.ID)
	return nil
}

// carefree is an event for [careless].
func carefree(id, data string) sdktest.Event { return sdktest.Event{Type: "do", ID: id, Data: data} }

// countingHandler handles events of any type. The first ten wait for each other, so that fewer than ten at the same time never get on. When
// the last of as many as the environment variable COUNT says is handled, it prints what it counted.
func countingHandler() sdk.AppOption {
	var mu sync.Mutex
	var running, most, calls int
	seen, ten := make(map[string]bool), make(chan struct{})
	enter := func(id string) {
		mu.Lock()
		defer mu.Unlock()
		running++
		most = max(most, running)
		calls++
		seen[id] = true
		if calls == 10 {
			close(ten)
		}
	}
	leave := func() {
		mu.Lock()
		defer mu.Unlock()
		running--
		if strconv.Itoa(calls) == os.Getenv("COUNT") && running == 0 {
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			fmt.Printf("%d calls for %d events, %d at a time, in %d MB\n", calls, len(seen), most, memory.Sys>>20)
		}
	}
	return sdk.Handler("counting", sdk.On("*", func(ctx context.Context, e sdk.RawEvent) error {
		enter(e.ID)
		defer leave()
		select {
		case <-ten:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}))
}
