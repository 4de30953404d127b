package sdk

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
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
	position    string // where it was registered
	exact       map[string]*route
	prefixes    []*route // longest first
	sendsTo     []string
	batchSize   int // 0: not declared
	concurrency int
	margin      time.Duration // 0: the default
	unhandled   Disposition
	defaultType string // of bare bodies that come without a type
	handling           // for routes that do not say otherwise
	middleware  []Middleware
	errs        []error
}

// Handler adds a handler: the entry point of one Lambda function, which the environment variable HANDLER selects by this
// name. Names consist of letters, digits, ".", "-" and "_".
func Handler(name string, options ...HandlerOption) AppOption {
	position := caller()
	return appOption(func(a *App) {
		h := &handler{name: name, position: position, exact: make(map[string]*route), concurrency: defaultConcurrency}
		for i, option := range options {
			if option == nil {
				h.fail(fmt.Errorf("option %d given to sdk.Handler, at %s, is nil", i+1, position))
				continue
			}
			option.applyToHandler(h)
		}
		if h.defaultType != "" && h.route(h.defaultType) == nil {
			h.fail(fmt.Errorf("there is no function for its sdk.DefaultType %q: add sdk.On", h.defaultType))
		}
		if !validName(name) {
			h.fail(errors.New("the name must consist of letters, digits, \".\", \"-\" and \"_\""))
		}
		if len(h.exact)+len(h.prefixes) == 0 {
			h.fail(errors.New("it handles no events: add sdk.On"))
		}
		if first := a.handlers[name]; first != nil {
			h.fail(fmt.Errorf("it is registered twice, at %s and %s", first.position, position))
		}
		for _, err := range h.errs {
			a.fail(fmt.Errorf("handler %q: %w", name, err))
		}
		a.handlers[name] = h
	})
}

// caller is where the caller of the caller was called, as file:line.
func caller() string {
	_, file, line, ok := runtime.Caller(2)
	if !ok {
		return "an unknown place"
	}
	return fmt.Sprintf("%s:%d", file, line)
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
// are handled one after the other. Messages of one group of a FIFO queue always are. A function that was left behind, as it ignored the end
// of its context, does not count any more.
func Concurrency(n int) HandlerOption {
	return handlerOption(func(h *handler) {
		if n < 1 {
			h.fail(fmt.Errorf("concurrency %d must be at least 1", n))
			return
		}
		h.concurrency = n
	})
}

// Margin sets how long before the end of the invocation the contexts of handler functions end, above 0 and at most a minute; it is
// a tenth of the time that the invocation has unless set, but at most 500 ms. What follows the handler functions (giving failed messages
// back, [OnFreeze], the answer) takes place in it. It is never more than a quarter of what the invocation has.
func Margin(d time.Duration) HandlerOption {
	return handlerOption(func(h *handler) {
		if d <= 0 || d > time.Minute {
			h.fail(fmt.Errorf("margin %s must be above 0 and at most 1m", d))
			return
		}
		h.margin = d
	})
}

// DefaultType gives a type to messages that bring none: what is neither a CloudEvent nor an EventBridge event nor an SNS notification
// and has no message attribute "type", such as the notifications of Amazon S3. [On] registers the function for it.
func DefaultType(eventType string) HandlerOption {
	return handlerOption(func(h *handler) {
		if eventType == "" || strings.HasSuffix(eventType, "*") {
			h.fail(fmt.Errorf("sdk.DefaultType was given %q, which is no type of an event", eventType))
			return
		}
		h.defaultType = eventType
	})
}

// Disposition is what becomes of a message that the handler has no use for.
type Disposition int

// What [Unhandled] can be told.
const (
	DeadLetter Disposition = iota // to the queue's dead-letter queue at once
	Fail                          // back to the queue as after any other error, until its redrive policy ends it
	Drop                          // off the queue, counted by the metric Dropped
)

// Unhandled sets what becomes of messages whose body cannot be decoded (see [DecodeError]) or whose event type the handler has no
// function for (see [UnknownTypeError]). Unless set, it is [DeadLetter].
func Unhandled(d Disposition) HandlerOption {
	return handlerOption(func(h *handler) {
		if d < DeadLetter || d > Drop {
			h.fail(fmt.Errorf("sdk.Unhandled was given %d, which is no disposition", d))
			return
		}
		h.unhandled = d
	})
}

func (h *handler) fail(err error) { h.errs = append(h.errs, err) }

// compose wraps the function of each route in the middleware of the app, the handler and the event.
func (h *handler) compose(outer []Middleware) error {
	for _, r := range h.routes() {
		middleware := slices.Concat(outer, h.middleware, r.middleware)
		if len(middleware) > 0 {
			r.handle = gathered(r.handle)
		}
		for _, wrap := range slices.Backward(middleware) {
			if wrap == nil {
				continue // a mistake that is known
			}
			if r.handle = wrap(r.handle); r.handle == nil {
				return fmt.Errorf("the middleware of event %q, registered at %s, returned no function", r.eventType, r.position)
			}
		}
		r.handling = r.or(h.handling)
	}
	return nil
}

// routes lists what [On] registered, each once.
func (h *handler) routes() []*route {
	routes := slices.Clone(h.prefixes)
	for eventType, r := range h.exact {
		if eventType == r.eventType { // and not an alias of it
			routes = append(routes, r)
		}
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

// events lists the registered event types and their aliases, sorted.
func (h *handler) events() []string {
	types := slices.Collect(maps.Keys(h.exact))
	for _, r := range h.prefixes {
		types = append(types, r.eventType)
	}
	slices.Sort(types)
	return types
}
