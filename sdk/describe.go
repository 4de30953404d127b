package sdk

import (
	"maps"
	"slices"
	"time"
)

// Description is what an app registers. As JSON, it is what "backend handlers -json" prints and images are labelled with.
type Description struct {
	App      string                        `json:"app"`
	Handlers map[string]HandlerDescription `json:"handlers"`
}

// HandlerDescription is what a handler declares. Members that it does not declare are zero, and absent in JSON.
type HandlerDescription struct {
	Events    []string `json:"events,omitempty"`  // event types, sorted; may end in "*"
	SendTo    []string `json:"send_to,omitempty"` // labels of queues, sorted
	Timeout   int      `json:"timeout,omitempty"` // seconds, rounded up
	BatchSize int      `json:"batch_size,omitempty"`
}

// Describe lists what is registered.
func (a *App) Describe() Description {
	d := Description{App: a.name, Handlers: make(map[string]HandlerDescription, len(a.handlers))}
	for name, h := range a.handlers {
		d.Handlers[name] = HandlerDescription{
			Events:    h.events(),
			SendTo:    h.sendsTo,
			Timeout:   int((h.timeout + time.Second - 1) / time.Second),
			BatchSize: h.batchSize,
		}
	}
	return d
}

func (a *App) handlerNames() []string { return slices.Sorted(maps.Keys(a.handlers)) }
