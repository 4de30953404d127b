package sdk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// defaultConcurrency is how many messages of a batch are handled at the same time unless [Concurrency] says otherwise. It is
// Lambda's default batch size, so that by default no message waits for another.
const defaultConcurrency = 10

// handler is one named entry point of an app.
type handler struct {
	name        string
	exact       map[string]*route
	prefixes    []*route // longest first
	sendsTo     []string
	timeout     time.Duration // 0: not declared
	batchSize   int           // 0: not declared
	concurrency int           // 0: not declared
	middleware  []Middleware
	errs        []error
}

// route is what [On] registers: the function for one event type, or for all those with a prefix.
type route struct {
	eventType  string
	middleware []Middleware
	handle     HandlerFunc
}

// HandlerFunc handles one event whose data is still the JSON that arrived.
type HandlerFunc func(ctx context.Context, e RawEvent) error

// Middleware wraps the handling of an event. The first one listed is the outermost; those of the app surround those of the
// handler, which surround those of the event. Decoding of the data happens inside all of them.
type Middleware func(next HandlerFunc) HandlerFunc

// Chain is the middleware that [Use] adds to an app, a handler or an event.
type Chain []Middleware

// Use adds middleware to what it is given to: [New], [Handler] or [On].
func Use(middleware ...Middleware) Chain { return middleware }

func (c Chain) applyToApp(a *App)         { a.middleware = append(a.middleware, c...) }
func (c Chain) applyToHandler(h *handler) { h.middleware = append(h.middleware, c...) }
func (c Chain) applyToEvent(r *route)     { r.middleware = append(r.middleware, c...) }

// On registers the function for an event type. A type that ends in "*", such as "github.*", stands for all types with that
// prefix; a type registered exactly wins over it, then the longest prefix, so that "github.*" is the fallback of "github.push"
// and "*" that of everything. Data is decoded from JSON into T; with T = [json.RawMessage] it stays as it is.
func On[T any](eventType string, fn func(context.Context, Event[T]) error, options ...EventOption) HandlerOption {
	return handlerOption(func(h *handler) {
		if fn == nil {
			h.fail(fmt.Errorf("event %q has no function", eventType))
			return
		}
		r := &route{eventType: eventType, handle: decoding(fn)}
		for _, option := range options {
			option.applyToEvent(r)
		}
		h.add(r)
	})
}

// SendsTo declares the labels of the queues that the handler sends to, so that plans can check that it may.
func SendsTo(labels ...string) HandlerOption {
	return handlerOption(func(h *handler) {
		for _, label := range labels {
			switch {
			case !validName(label):
				h.fail(fmt.Errorf("queue label %q must consist of letters, digits, \".\", \"-\" and \"_\"", label))
			case !slices.Contains(h.sendsTo, label):
				h.sendsTo = append(h.sendsTo, label)
			}
		}
		slices.Sort(h.sendsTo)
	})
}

// Timeout limits the time for one message: its context ends then, or earlier if the invocation has less left. It is above 0
// and at most 15 minutes, Lambda's own limit.
func Timeout(d time.Duration) HandlerOption {
	return handlerOption(func(h *handler) {
		if d <= 0 || d > 15*time.Minute {
			h.fail(fmt.Errorf("timeout %s must be above 0 and at most 15m", d))
			return
		}
		h.timeout = d
	})
}

// BatchSize declares how many messages an invocation may bring at most, 1 to 10000 (10 for FIFO queues). It is what the
// function's mapping is to be set to; the app itself takes batches of any size.
func BatchSize(n int) HandlerOption {
	return handlerOption(func(h *handler) {
		if n < 1 || n > 10_000 {
			h.fail(fmt.Errorf("batch size %d must be 1 to 10000", n))
			return
		}
		h.batchSize = n
	})
}

// Concurrency sets how many messages of one batch are handled at the same time, 1 or more; it is 10 unless set. With 1, they
// are handled one after the other. Messages of one group of a FIFO queue always are.
func Concurrency(n int) HandlerOption {
	return handlerOption(func(h *handler) {
		if n < 1 {
			h.fail(fmt.Errorf("concurrency %d must be at least 1", n))
			return
		}
		h.concurrency = n
	})
}

func (h *handler) fail(err error) { h.errs = append(h.errs, err) }

func (h *handler) add(r *route) {
	prefix, wild := strings.CutSuffix(r.eventType, "*")
	switch {
	case r.eventType == "":
		h.fail(errors.New("an event has no type"))
	case strings.Contains(prefix, "*"):
		h.fail(fmt.Errorf("event %q: \"*\" may only be the last character", r.eventType))
	case h.exact[r.eventType] != nil || slices.ContainsFunc(h.prefixes, func(p *route) bool { return p.eventType == r.eventType }):
		h.fail(fmt.Errorf("event %q is registered twice", r.eventType))
	case wild:
		h.prefixes = append(h.prefixes, r)
		slices.SortFunc(h.prefixes, func(a, b *route) int { return len(b.eventType) - len(a.eventType) })
	default:
		h.exact[r.eventType] = r
	}
}

// compose wraps the function of each route in the middleware of the app, the handler and the event.
func (h *handler) compose(outer []Middleware) {
	for _, r := range h.routes() {
		for _, wrap := range slices.Backward(slices.Concat(outer, h.middleware, r.middleware)) {
			r.handle = wrap(r.handle)
		}
	}
}

func (h *handler) routes() []*route {
	routes := slices.Clone(h.prefixes)
	for _, r := range h.exact {
		routes = append(routes, r)
	}
	return routes
}

// route finds the function for an event type, or nil.
func (h *handler) route(eventType string) *route {
	if r := h.exact[eventType]; r != nil {
		return r
	}
	for _, r := range h.prefixes {
		if strings.HasPrefix(eventType, strings.TrimSuffix(r.eventType, "*")) {
			return r
		}
	}
	return nil
}

// events lists the registered event types, sorted.
func (h *handler) events() []string {
	var types []string
	for _, r := range h.routes() {
		types = append(types, r.eventType)
	}
	slices.Sort(types)
	return types
}
