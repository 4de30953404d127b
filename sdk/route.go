package sdk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// route is what [On] registers: the function for one event type, or for all those with a prefix.
type route struct {
	eventType  string
	position   string // where it was registered
	aliases    []string
	middleware []Middleware
	handle     HandlerFunc
	handling
	errs []error
}

// handling is what options of an event and of a handler can both say about how messages are handled.
type handling struct {
	timeout time.Duration                   // 0: not set
	backoff func(attempt int) time.Duration // nil: the default
	strict  bool
	logData bool
}

// or fills in what is not set from a handler's.
func (h handling) or(outer handling) handling {
	if h.timeout == 0 {
		h.timeout = outer.timeout
	}
	if h.backoff == nil {
		h.backoff = outer.backoff
	}
	h.strict = h.strict || outer.strict
	h.logData = h.logData || outer.logData
	return h
}

// HandlerFunc handles one event whose data is still the JSON that arrived.
type HandlerFunc func(ctx context.Context, e RawEvent) error

// On registers the function for an event type. A type that ends in "*", such as "github.*", stands for all types with that
// prefix; a type registered exactly wins over it, then the longest prefix, so that "github.*" is the fallback of "github.push"
// and "*" that of everything.
//
// Data is decoded from JSON into T as [json.Unmarshal] does, but that numbers in values of an interface type become
// [json.Number], so that none loses precision. With T = [json.RawMessage] it stays as it is.
func On[T any](eventType string, fn func(context.Context, Event[T]) error, options ...EventOption) HandlerOption {
	position := caller()
	return handlerOption(func(h *handler) {
		if fn == nil {
			h.fail(fmt.Errorf("event %q has no function, at %s", eventType, position))
			return
		}
		r := &route{eventType: eventType, position: position}
		for i, option := range options {
			if option == nil {
				r.errs = append(r.errs, fmt.Errorf("option %d is nil", i+1))
				continue
			}
			option.applyToEvent(r)
		}
		for _, err := range r.errs {
			h.fail(fmt.Errorf("event %q, at %s: %w", eventType, position, err))
		}
		r.handle = decoding(r, fn)
		h.add(r)
	})
}

// add registers the route under its type and its aliases.
func (h *handler) add(r *route) {
	for _, eventType := range append([]string{r.eventType}, r.aliases...) {
		prefix, wild := strings.CutSuffix(eventType, "*")
		first := h.registered(eventType)
		switch {
		case eventType == "":
			h.fail(fmt.Errorf("an event has no type, at %s", r.position))
		case strings.Contains(prefix, "*"):
			h.fail(fmt.Errorf("event %q, at %s: \"*\" may only be the last character", eventType, r.position))
		case first != nil:
			h.fail(fmt.Errorf("event %q is registered twice, at %s and %s", eventType, first.position, r.position))
		case wild && eventType != r.eventType:
			h.fail(fmt.Errorf("alias %q of event %q, at %s: an alias cannot end in \"*\"", eventType, r.eventType, r.position))
		case wild:
			h.prefixes = append(h.prefixes, r)
			slices.SortFunc(h.prefixes, func(a, b *route) int { return len(b.eventType) - len(a.eventType) })
		default:
			h.exact[eventType] = r
		}
	}
}

// registered finds what is registered under exactly this type.
func (h *handler) registered(eventType string) *route {
	if r := h.exact[eventType]; r != nil {
		return r
	}
	for _, r := range h.prefixes {
		if r.eventType == eventType {
			return r
		}
	}
	return nil
}

// Alias has the function handle events of further types too: those that its event had before it was renamed. The event keeps the type
// that it came with.
func Alias(eventTypes ...string) EventOption {
	return eventOption(func(r *route) { r.aliases = append(r.aliases, eventTypes...) })
}

// Timeout limits the time for one message: its context ends then, or earlier if the invocation has less left. It is above 0
// and at most 15 minutes, Lambda's own limit. Given to [On], it wins over that of the handler.
func Timeout(d time.Duration) SharedOption {
	return sharedOption(func(h *handling) error {
		if d <= 0 || d > 15*time.Minute {
			return fmt.Errorf("timeout %s must be above 0 and at most 15m", d)
		}
		h.timeout = d
		return nil
	})
}

// Backoff sets after what time a message comes again that failed with an error which does not say so itself, by the number of times
// that it was received, 1 the first time. It is bounded as that of [RetryAfter] is. Unless set, it is a second the
// first time and six times as much each further time, at most an hour, ±25 %.
func Backoff(delay func(attempt int) time.Duration) SharedOption {
	return sharedOption(func(h *handling) error {
		if delay == nil {
			return errors.New("sdk.Backoff was given no function")
		}
		h.backoff = delay
		return nil
	})
}

// Strict refuses data with members that T does not have, instead of ignoring them. See [Unhandled] for what becomes of it.
func Strict() SharedOption {
	return sharedOption(func(h *handling) error { h.strict = true; return nil })
}

// LogData adds the event's data to the line that is logged for each message. It is left out unless asked for, since data tends to hold what
// logs must not.
func LogData() SharedOption {
	return sharedOption(func(h *handling) error { h.logData = true; return nil })
}

// Middleware wraps the handling of an event. The first one listed is the outermost; those of the app surround those of the
// handler, which surround those of the event. Decoding of the data happens inside all of them. When next returns, the event has been
// handled: what the function started with [Go] has ended, and its errors are part of next's, as is a panic, as [*PanicError].
type Middleware func(next HandlerFunc) HandlerFunc

// Chain is the middleware that [Use] adds to an app, a handler or an event.
type Chain []Middleware

// Use adds middleware to what it is given to: [New], [Handler] or [On].
func Use(middleware ...Middleware) Chain { return middleware }

func (c Chain) applyToApp(a *App) {
	a.middleware = append(a.middleware, c...)
	a.errs = append(a.errs, c.check()...)
}

func (c Chain) applyToHandler(h *handler) {
	h.middleware = append(h.middleware, c...)
	h.errs = append(h.errs, c.check()...)
}

func (c Chain) applyToEvent(r *route) {
	r.middleware = append(r.middleware, c...)
	r.errs = append(r.errs, c.check()...)
}

func (c Chain) check() []error {
	for _, middleware := range c {
		if middleware == nil {
			return []error{errors.New("sdk.Use was given no middleware")}
		}
	}
	return nil
}

// gathered has what surrounds a function see all of its outcome.
func gathered(next HandlerFunc) HandlerFunc {
	return func(ctx context.Context, e RawEvent) (err error) {
		s := *scopeFrom(ctx)
		s.tasks = new(tasks)
		defer func() { err = joined(err, s.tasks.wait()) }() // also when the function ends its goroutine
		return recovering(func() error { return next(s.context(ctx), e) })
	}
}
