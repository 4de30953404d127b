package provider

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// foundQueue is what AWS says about a queue and its dead-letter queue.
type foundQueue struct {
	attributes           map[string]string
	deadLetterURL        string // empty if there is none
	deadLetterAttributes map[string]string
	redrives             bool // whether the queue's dead letters go there
	tags                 map[string]string
}

// find reads the queue and, at the same time, what state says belongs to it.
func (r *queueResource) find(ctx context.Context, state *queueModel) (foundQueue, error) {
	var found foundQueue
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		found.attributes, err = r.cloud.FindQueue(groupCtx, state.URL.ValueString())
		return err
	})
	group.Go(func() error {
		tags, err := r.cloud.QueueTags(groupCtx, state.URL.ValueString())
		if cloud.IsDenied(err) {
			tags, err = mapTexts(state.TagsAll), nil // who may not look takes them for granted
		}
		found.tags = r.withoutIgnored(tags)
		return err
	})
	if url := state.DeadLetterURL.ValueString(); url != "" {
		group.Go(func() error { return r.findDeadLetter(groupCtx, url, &found) })
	}
	if err := group.Wait(); err != nil {
		return found, err
	}
	target := redriveOf(found.attributes).Target
	found.redrives = isOwnDeadLetter(target, found.attributes[cloud.AttributeARN])
	if !found.redrives || target == r.cloud.QueueARN(found.deadLetterURL) {
		return found, nil // one that somebody cut off still belongs to this queue
	}
	url, err := r.cloud.QueueURL(ctx, target)
	if err != nil {
		if cloud.IsNotFound(err) {
			return found, nil // the dead-letter queue was deleted; it is made again
		}
		return found, err
	}
	if err := r.findDeadLetter(ctx, url, &found); err != nil {
		return found, err
	}
	_, err = r.showMark(ctx, &found)
	return found, err
}

// showMark has the tags show that the creation of the dead-letter queue was not finished, so that the next update takes the mark off. It
// reports whether that is so. It matters where the queue itself was made before.
func (r *queueResource) showMark(ctx context.Context, found *foundQueue) (bool, error) {
	tags, err := r.cloud.QueueTags(ctx, found.deadLetterURL)
	if cloud.IsMarked(tags) {
		found.tags = cloud.CopyMark(found.tags, tags)
	}
	return cloud.IsMarked(tags), ignoreDenied(ignoreNotFound(err))
}

// deadLetterRemains reports whether a queue that is gone itself has left its dead-letter queue, and the messages in it.
func (r *queueResource) deadLetterRemains(ctx context.Context, state *queueModel) (bool, error) {
	url := state.DeadLetterURL.ValueString()
	if url == "" {
		return false, nil
	}
	var found foundQueue
	err := r.findDeadLetter(ctx, url, &found)
	return found.deadLetterURL != "", err
}

// findDeadLetter reads a dead-letter queue; one that does not exist is none.
func (r *queueResource) findDeadLetter(ctx context.Context, url string, found *foundQueue) error {
	attributes, err := r.cloud.FindQueue(ctx, url)
	if err != nil {
		return ignoreNotFound(err)
	}
	found.deadLetterURL, found.deadLetterAttributes = url, attributes
	return nil
}
