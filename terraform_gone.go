package main

import (
	"context"
	"errors"
	"sync/atomic"

	"google.golang.org/grpc/stats"
)

// errTerraformGone is that Terraform was killed before it ended the provider.
var errTerraformGone = errors.New("terraform went away without ending the provider")

// shutdown is the call with which Terraform ends a provider.
const shutdown = "/plugin.GRPCController/Shutdown"

// connectionWatch stops the server of a Terraform that was killed. It has one connection, on which something streams as long as it lives.
// Without this the provider would go on, and take the marks off objects that no state knows.
type connectionWatch struct {
	stop  func()
	open  atomic.Int32 // connections
	ended atomic.Bool  // Terraform has ended the provider
	lost  atomic.Bool
}

// TagRPC sees a call before it is served.
func (w *connectionWatch) TagRPC(ctx context.Context, call *stats.RPCTagInfo) context.Context {
	if call.FullMethodName == shutdown {
		w.ended.Store(true)
	}
	return ctx
}

// HandleConn sees connections begin and end.
func (w *connectionWatch) HandleConn(_ context.Context, event stats.ConnStats) {
	if _, begins := event.(*stats.ConnBegin); begins {
		w.open.Add(1)
		return
	}
	if w.open.Add(-1) == 0 && !w.ended.Load() && w.lost.CompareAndSwap(false, true) {
		go w.stop() // which waits for connections to end
	}
}

// HandleRPC is not interested.
func (w *connectionWatch) HandleRPC(context.Context, stats.RPCStats) {}

// TagConn is not interested.
func (w *connectionWatch) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return ctx
}
