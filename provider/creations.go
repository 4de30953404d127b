package provider

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	"golang.org/x/sync/errgroup"
)

// heardWithin is how long a mark stays after the creation was answered. Terraform needs milliseconds to write what it hears into its state;
// the longer a mark stays, the longer another run may take the object for a leftover.
const heardWithin = 2 * time.Second

// maxUnmarking is how many marks are taken off at the same time in the end.
const maxUnmarking = 20

// creations are the objects that a run has made. Each is made with a mark, which goes when Terraform has learnt of the object: if the run is
// killed before, the next one recognises what is left of it and goes on from there. What has no mark is somebody's, and is never taken over.
type creations struct {
	mu     sync.Mutex
	marked []*markedObject
}

type markedObject struct {
	unmark func(context.Context) error

	mu   sync.Mutex
	done bool
}

// made takes the mark off an object when Terraform has heard of it.
func (c *creations) made(ctx context.Context, unmark func(context.Context) error) {
	object := &markedObject{unmark: unmark}
	c.mu.Lock()
	c.marked = append(c.marked, object)
	c.mu.Unlock()
	ctx = context.WithoutCancel(ctx)
	time.AfterFunc(heardWithin, func() {
		if err := object.takeMarkOff(ctx); err != nil { // finish tries again
			tflog.Debug(ctx, "a mark stays", map[string]any{"error": err.Error()})
		}
	})
}

func (o *markedObject) takeMarkOff(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done {
		return nil
	}
	err := o.unmark(ctx)
	o.done = err == nil
	return err
}

// Finish takes the marks off that a provider's objects still have. It is called when Terraform has heard all answers and ends the provider,
// for which it leaves two seconds.
func Finish(ctx context.Context, p provider.Provider) error {
	if ours, ok := p.(*handlerProvider); ok {
		return ours.creations.finish(ctx)
	}
	return nil
}

// finish takes all marks off. Where it does not come to that, the next plan shows the mark as a tag to be removed.
func (c *creations) finish(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	failed := make([]error, len(c.marked))
	var group errgroup.Group
	group.SetLimit(maxUnmarking)
	for i, object := range c.marked {
		group.Go(func() error {
			failed[i] = object.takeMarkOff(ctx)
			return nil
		})
	}
	err := group.Wait()
	c.marked = nil
	return errors.Join(errors.Join(failed...), err)
}
