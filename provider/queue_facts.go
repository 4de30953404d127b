package provider

import (
	"context"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/sync/errgroup"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// queueFacts are what functions have to know of a queue. What a plan decides of a queue may not be known yet.
type queueFacts struct {
	visibility   types.Int32  // seconds
	deadLetter   types.String // ARN of its dead-letter queue, null for none
	key          types.String // what encrypts it, null for SQS's own
	deduplicates types.Bool   // by content
	hidden       bool         // whether the credentials may not look at it, so that the others are not known
	foreign      bool         // whether its dead-letter queue is none of its resource's, so that only AWS knows it
}

// plannedQueues are the queues as this run plans them, or has made them, by ARN. They count more than what AWS says.
type plannedQueues struct{ byARN sync.Map }

// set remembers what becomes of a queue, whose state is nil if it is made, and of its dead-letter queue, as far as their ARNs are known.
func (p *plannedQueues) set(state, m *queueModel) {
	if m.ARN.IsUnknown() || m.ARN.IsNull() {
		return
	}
	stays := state != nil && state.ARN.Equal(m.ARN)
	p.byARN.Store(m.ARN.ValueString(), queueFacts{
		visibility: m.VisibilityTimeout, deadLetter: m.DeadLetterARN, key: m.KMSKeyARN, deduplicates: m.ContentBasedDeduplication,
		foreign: stays && m.DeadLetterARN.IsNull() && state.DeadLetterARN.IsNull(),
	})
	if stays && state.DeadLetterARN.Equal(m.DeadLetterARN) && state.KMSKeyARN.Equal(m.KMSKeyARN) {
		return // the dead-letter queue stays what it is
	}
	if arn := m.DeadLetterARN.ValueString(); arn != "" {
		p.byARN.Store(arn, queueFacts{visibility: types.Int32Null(), deadLetter: types.StringNull(), key: m.KMSKeyARN})
	}
}

func (p *plannedQueues) get(arn string) (queueFacts, bool) {
	planned, _ := p.byARN.Load(arn)
	facts, ok := planned.(queueFacts)
	return facts, ok
}

// queueFactsOf returns what is known of a queue: as planned, or else as it is. The error is a [cloud.NotFoundError] if there is none. One of
// another account, which may be sent to but not looked at, has no facts.
func (d *providerData) queueFactsOf(ctx context.Context, arn string) (queueFacts, error) {
	facts, planned := d.queues.get(arn)
	if planned && !facts.foreign {
		return facts, nil
	}
	attributes, err := d.cloud.SeenQueue(ctx, arn)
	if err != nil && !cloud.IsDenied(err) {
		return queueFacts{}, err
	}
	if planned {
		facts.deadLetter = textOrNull(redriveOf(attributes).Target)
		return facts, nil
	}
	return queueFacts{
		hidden:       err != nil,
		visibility:   readNumber(attributes[cloud.AttributeVisibilityTimeout]),
		deadLetter:   textOrNull(redriveOf(attributes).Target),
		key:          textOrNull(attributes[cloud.AttributeKMSKey]),
		deduplicates: types.BoolValue(attributes[cloud.AttributeDeduplication] == "true"),
	}, nil
}

// factsOfQueues asks for all queues, and for their dead-letter queues, at the same time. One that does not exist is left out.
func (d *providerData) factsOfQueues(ctx context.Context, arns []string) (map[string]queueFacts, error) {
	facts := map[string]queueFacts{}
	var mu sync.Mutex
	group, groupCtx := errgroup.WithContext(ctx)
	var look func(arn string) error
	look = func(arn string) error {
		found, err := d.queueFactsOf(groupCtx, arn)
		if err != nil {
			return ignoreNotFound(err)
		}
		mu.Lock()
		facts[arn] = found
		_, known := facts[found.deadLetter.ValueString()]
		mu.Unlock()
		if target := found.deadLetter.ValueString(); target != "" && !known {
			return look(target)
		}
		return nil
	}
	for _, arn := range arns {
		group.Go(func() error { return look(arn) })
	}
	return facts, group.Wait()
}

// missingQueueError is a queue that an attribute names and that does not exist.
type missingQueueError struct {
	at  path.Path
	arn string
}

func (e *missingQueueError) Error() string {
	return fmt.Sprintf("queue %s does not exist; create it first, or take the ARN from the resource that does", e.arn)
}

// missing returns an error if a queue of d is not among those that were found.
func (d *deployment) missing(found map[string]queueFacts) error {
	for label, arn := range d.sendTo {
		if _, ok := found[arn]; !ok {
			return &missingQueueError{path.Root("send_to").AtMapKey(label), arn}
		}
	}
	for label, mapping := range d.mappings {
		if _, ok := found[mapping.QueueARN]; !ok {
			return &missingQueueError{path.Root("queues").AtMapKey(label).AtName("arn"), mapping.QueueARN}
		}
	}
	return nil
}

func ignoreNotFound(err error) error {
	if cloud.IsNotFound(err) {
		return nil
	}
	return err
}
