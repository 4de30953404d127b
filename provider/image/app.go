package image

// HandlersLabel is the image label that holds what `backend handlers -json` of the app in the image prints, as compact JSON.
const HandlersLabel = "io.github.lambda-land.handlers"

// App is what a built app says about itself: its name and its handlers.
type App struct {
	Name     string             `json:"app"`
	Handlers map[string]Handler `json:"handlers"`
}

// Handler is what an app declares about one of its handlers. Zero values mean that the app declares nothing.
type Handler struct {
	// Events are the event types the handler takes, sorted; one that ends in * takes every type with that prefix.
	Events []string `json:"events,omitempty"`
	// SendTo are the labels of the queues the handler sends to, sorted.
	SendTo []string `json:"send_to,omitempty"`
	// Timeout of one event, in whole seconds.
	Timeout int `json:"timeout,omitempty"`
	// BatchSize is the largest number of events in one invocation.
	BatchSize int `json:"batch_size,omitempty"`
}
