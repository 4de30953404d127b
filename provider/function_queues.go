package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"golang.org/x/sync/errgroup"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// knownQueue is what AWS says about a queue.
type knownQueue struct {
	url        string
	attributes map[string]string
}

// complete asks AWS for what else is to be known of the queues of d: their URLs, dead-letter queues and keys. The same is done for what
// is in force, old, unless it is nil; a queue of it that is gone needs nothing any more.
func (r *functionResource) complete(ctx context.Context, d, old *deployment) error {
	account, err := r.cloud.Account(ctx)
	if err != nil {
		return err
	}
	arns := d.queueARNs()
	if old != nil {
		arns = append(arns, old.queueARNs()...)
	}
	known, err := r.lookUp(ctx, slices.Compact(slices.Sorted(slices.Values(arns))))
	if err != nil {
		return err
	}
	for label, arn := range d.sendTo {
		if _, ok := known[arn]; !ok {
			return &missingQueueError{path.Root("send_to").AtMapKey(label), arn}
		}
	}
	for label, mapping := range d.mappings {
		if _, ok := known[mapping.QueueARN]; !ok {
			return &missingQueueError{path.Root("queues").AtMapKey(label).AtName("arn"), mapping.QueueARN}
		}
	}
	logGroups := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:", r.cloud.Partition, r.cloud.Region, account)
	d.fill(logGroups, known)
	if old != nil {
		old.fill(logGroups, known)
	}
	return nil
}

// missingQueueError is a queue that an attribute names and that does not exist.
type missingQueueError struct {
	at  path.Path
	arn string
}

func (e *missingQueueError) Error() string {
	return fmt.Sprintf("queue %s does not exist; create it first, or take the ARN from the resource that does", e.arn)
}

// queueARNs returns the ARNs of all queues that the function uses.
func (d *deployment) queueARNs() []string {
	return slices.AppendSeq(d.consumed(), maps.Values(d.sendTo))
}

// fill sets the permissions and HANDLER_QUEUES.
func (d *deployment) fill(logGroups string, known map[string]knownQueue) {
	d.permissions = cloud.Permissions{
		LogGroup: logGroups + d.function.LogGroup,
		Consume:  d.consumed(),
		Send:     slices.Collect(maps.Values(d.sendTo)),
		Secrets:  d.secrets,
	}
	for _, arn := range d.consumed() {
		if target := redriveOf(known[arn].attributes).Target; target != "" {
			d.permissions.Send = append(d.permissions.Send, target)
		}
	}
	for _, arn := range d.queueARNs() {
		d.permissions.AddKey(known[arn].attributes[cloud.AttributeKMSKey])
	}
	if len(d.sendTo) == 0 {
		return
	}
	urls := map[string]string{}
	for label, arn := range d.sendTo {
		urls[label] = known[arn].url
	}
	d.function.Environment[envQueues] = joinQueues(urls)
}

// lookUp asks for all queues at the same time. One that does not exist is left out. One of another account, which may be sent to but not
// looked at, has no attributes.
func (r *functionResource) lookUp(ctx context.Context, arns []string) (map[string]knownQueue, error) {
	known := map[string]knownQueue{}
	var mu sync.Mutex
	group, groupCtx := errgroup.WithContext(ctx)
	for _, arn := range arns {
		group.Go(func() error {
			url, err := r.cloud.QueueURL(groupCtx, arn)
			if err != nil {
				return ignoreNotFound(err)
			}
			attributes, err := r.cloud.FindQueue(groupCtx, url)
			if err != nil && !cloud.IsDenied(err) {
				return ignoreNotFound(err)
			}
			mu.Lock()
			defer mu.Unlock()
			known[arn] = knownQueue{url, attributes}
			return nil
		})
	}
	return known, group.Wait()
}

func ignoreNotFound(err error) error {
	if cloud.IsNotFound(err) {
		return nil
	}
	return err
}
