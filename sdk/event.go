package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// Event is one typed message of a queue.
type Event[T any] struct {
	ID      string    // unique with its Source; the same each time the message comes again
	Type    string    // such as "github.push"
	Source  string    // who sent it: the name of an app, an EventBridge source, a topic's ARN
	Time    time.Time // when it was sent
	Data    T
	Attempt int // 1 the first time, counted by SQS
}

// RawEvent is an event whose data is still the JSON that arrived. It is what [Middleware] sees.
type RawEvent = Event[json.RawMessage]

// decoding makes a function for typed data one for raw data.
func decoding[T any](fn func(context.Context, Event[T]) error) HandlerFunc {
	return func(ctx context.Context, raw RawEvent) error {
		e := Event[T]{ID: raw.ID, Type: raw.Type, Source: raw.Source, Time: raw.Time, Attempt: raw.Attempt}
		if data, ok := any(&e.Data).(*json.RawMessage); ok {
			*data = raw.Data
			return fn(ctx, e)
		}
		if len(raw.Data) > 0 {
			if err := json.Unmarshal(raw.Data, &e.Data); err != nil {
				return Permanent(fmt.Errorf("decode the data of event type %q: %w", raw.Type, misfit[T](err)))
			}
		}
		return fn(ctx, e)
	}
}

// misfit says how data failed to be a T without quoting any of the data, as the texts of encoding/json do.
func misfit[T any](err error) error {
	want := reflect.TypeFor[T]()
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && mismatch.Field != "" {
		return fmt.Errorf("%s does not fit %s: it must decode into %s", mismatch.Field, want, mismatch.Type)
	}
	return fmt.Errorf("it does not fit %s", want)
}
