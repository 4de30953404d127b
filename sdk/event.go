package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
)

// Event is one typed message of a queue.
type Event[T any] struct {
	ID      string    // unique with its Source; the same each time the message comes again
	Type    string    // such as "github.push"
	Source  string    // who sent it: the name of an app, an EventBridge source, a topic's ARN
	Subject string    // what it is about, if the sender says so
	Time    time.Time // when it was sent
	Data    T
	Attempt int // 1 the first time, counted by SQS
}

// RawEvent is an event whose data is still the JSON that arrived. It is what [Middleware] sees.
type RawEvent = Event[json.RawMessage]

// decoding makes a function for typed data one for raw data.
func decoding[T any](r *route, fn func(context.Context, Event[T]) error) HandlerFunc {
	if raw, ok := any(fn).(func(context.Context, RawEvent) error); ok {
		return raw
	}
	untyped := holdsInterface(reflect.TypeFor[T](), make(map[reflect.Type]bool))
	return func(ctx context.Context, raw RawEvent) error {
		e := Event[T]{ID: raw.ID, Type: raw.Type, Source: raw.Source, Subject: raw.Subject, Time: raw.Time, Attempt: raw.Attempt}
		if len(raw.Data) > 0 {
			if err := unmarshal(raw.Data, &e.Data, r.strict, untyped); err != nil {
				return &DecodeError{What: fmt.Sprintf("the data of event type %q", raw.Type), Err: misfit[T](err), unhandled: true}
			}
		}
		return fn(ctx, e)
	}
}

// unmarshal decodes data. Only numbers without a type lose precision in json.Unmarshal, and only a json.Decoder can keep it.
func unmarshal(data []byte, to any, strict, untyped bool) error {
	if !strict && !untyped {
		return json.Unmarshal(data, to)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if strict {
		decoder.DisallowUnknownFields()
	}
	if err := decoder.Decode(to); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows it")
	}
	return nil
}

// holdsInterface tells whether a value of the type can hold one of an interface type.
func holdsInterface(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return holdsInterface(t.Elem(), seen)
	case reflect.Struct:
		for field := range t.Fields() {
			if holdsInterface(field.Type, seen) {
				return true
			}
		}
	}
	return false
}

// misfit says how data failed to be a T without quoting any of the data, as the texts of encoding/json do.
func misfit[T any](err error) error {
	want := reflect.TypeFor[T]()
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && mismatch.Field != "" {
		return fmt.Errorf("%s does not fit %s: it must decode into %s", mismatch.Field, want, mismatch.Type)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("%s has no member %s", want, name)
	}
	return fmt.Errorf("it does not fit %s", want)
}
