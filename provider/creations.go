package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"golang.org/x/sync/errgroup"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// creations are the objects that a run has made. Each is made with a mark, which goes when Terraform has learnt of the object: if the run is
// killed before, the next one recognises what is left of it and goes on from there. What has no mark is somebody's, and is never taken over.
type creations struct {
	run string

	mu     sync.Mutex
	unmark []func(context.Context) error
}

func newCreations() *creations { return &creations{run: rand.Text()} }

// mark returns tags for an object that is about to be made.
func (c *creations) mark(tags map[string]string) map[string]string { return cloud.Mark(tags, c.run) }

// made remembers what takes the mark off an object.
func (c *creations) made(unmark func(context.Context) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unmark = append(c.unmark, unmark)
}

// Finish takes the marks off all that a provider has created. It is called when Terraform has heard all answers and ends the provider, for
// which it leaves two seconds.
func Finish(ctx context.Context, p provider.Provider) error {
	if ours, ok := p.(*handlerProvider); ok {
		return ours.creations.finish(ctx)
	}
	return nil
}

// maxUnmarking is how many marks are taken off at the same time.
const maxUnmarking = 20

// finish takes the marks off. Where it does not come to that, the next plan shows the mark as a tag to be removed.
func (c *creations) finish(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var mu sync.Mutex
	var failed []error
	var group errgroup.Group
	group.SetLimit(maxUnmarking)
	for _, unmark := range c.unmark {
		group.Go(func() error {
			if err := unmark(ctx); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, err)
			}
			return nil
		})
	}
	err := group.Wait()
	c.unmark = nil
	return errors.Join(append(failed, err)...)
}
