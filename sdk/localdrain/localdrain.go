// Package localdrain adds "backend local-drain" to an app: all its handlers, each consuming its queues, in one process on the
// developer's machine. Batches go through the very code that handles them in Lambda.
//
//	app := sdk.New("acme", …, localdrain.Command())
//
// Queues are those of HANDLER_QUEUES, or else are found by name: the label with the prefix that -prefix gives. A handler
// consumes the queue labelled with its own name unless [Consume] says otherwise.
//
// Lambda freezes goroutines that outlive the invocation they were started in. Each line of the app that starts such is warned of once,
// a second or more after the first of them was left behind; see package sdktest for which are meant.
//
// Built with the tag "lambda", as images are, the package holds nothing: Command then adds nothing to the app.
package localdrain

// Option refines [Command].
type Option func(*settings)

type settings struct {
	consumes map[string][]string // labels by handler
}

// Consume names the queues that a handler consumes, by label, instead of the one labelled with its name.
func Consume(handler string, labels ...string) Option {
	return func(s *settings) { s.consumes[handler] = labels }
}
