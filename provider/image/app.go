package image

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// HandlersLabel is the image label that holds what `backend handlers -json` of the app in the image prints, as compact JSON.
const HandlersLabel = "io.github.lambda-land.handlers"

// App is what a built app says about itself: its name and its handlers by name.
type App struct {
	Name     string             `json:"app"`
	Handlers map[string]Handler `json:"handlers"`
}

// Handler is what an app declares about one of its handlers. Zero values mean that it declares nothing.
type Handler struct {
	// Events are the event types the handler takes, sorted; one that ends in * takes every type with that prefix.
	Events []string `json:"events,omitempty"`
	// SendTo are the labels of the queues the handler sends to, sorted.
	SendTo []string `json:"send_to,omitempty"`
	// Timeout of one event in whole seconds, at most Lambda's 900.
	Timeout int `json:"timeout,omitempty"`
	// BatchSize is the largest number of events in one invocation, at most Lambda's 10 000.
	BatchSize int `json:"batch_size,omitempty"`
}

// What Lambda allows at most, see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html and
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html.
const (
	maxTimeout   = 900
	maxBatchSize = 10_000
)

// parseApp reads a listing of handlers. Members it does not know are fine, so that an older provider takes a newer app.
func parseApp(listing []byte) (App, error) {
	if !utf8.Valid(listing) {
		return App{}, errors.New("not UTF-8")
	}
	var app App
	if err := json.Unmarshal(listing, &app); err != nil {
		return App{}, fmt.Errorf("not a JSON list of handlers: %w", err)
	}
	if app.Name == "" {
		return App{}, errors.New("no app name")
	}
	if app.Handlers == nil {
		return App{}, errors.New("no handlers member")
	}
	for _, name := range slices.Sorted(maps.Keys(app.Handlers)) {
		h := app.Handlers[name]
		switch {
		case name == "":
			return App{}, errors.New("a handler without a name")
		case h.Timeout < 0 || h.Timeout > maxTimeout:
			return App{}, fmt.Errorf("timeout of handler %q is %d s, not within 0 and %d", name, h.Timeout, maxTimeout)
		case h.BatchSize < 0 || h.BatchSize > maxBatchSize:
			return App{}, fmt.Errorf("batch size of handler %q is %d, not within 0 and %d", name, h.BatchSize, maxBatchSize)
		case slices.Contains(h.Events, "") || slices.Contains(h.SendTo, ""):
			return App{}, fmt.Errorf("handler %q has an empty event type or queue label", name)
		}
	}
	return app, nil
}

// compactListing returns the listing that a label holds, if it is one.
func compactListing(listing []byte) ([]byte, error) {
	if _, err := parseApp(listing); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Compact(&out, listing); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
