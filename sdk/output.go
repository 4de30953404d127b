package sdk

import (
	"io"
	"sync"
)

// output is what an app in Lambda writes its lines to, logs and metrics. It writes each in one piece, or two in one: a write to Lambda's
// pipe takes longer than all else that the SDK does for a message.
type output struct {
	mu   sync.Mutex
	w    io.Writer
	hold bool // the next line
	held []byte
}

// holdNext has the next line wait for the one after it, or for flush.
func (o *output) holdNext() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hold = true
}

// Write writes a line.
func (o *output) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.hold {
		o.hold = false
		o.held = append(o.held, line...)
		return len(line), nil
	}
	if len(o.held) == 0 {
		return o.w.Write(line)
	}
	_, err := o.w.Write(append(o.held, line...))
	o.held = o.held[:0]
	return len(line), err
}

// flush writes what is held.
func (o *output) flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hold = false
	if len(o.held) == 0 {
		return nil
	}
	_, err := o.w.Write(o.held)
	o.held = o.held[:0]
	return err
}
