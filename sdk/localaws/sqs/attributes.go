package sqs

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// settable refuses attributes that nobody can set, or not on this type of queue.
func settable(name string, fifo bool) error {
	switch name {
	case "Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId":
		return nil
	case "DeduplicationScope", "FifoThroughputLimit":
		if !fifo {
			return invalidAttributeName("You can specify the %s only when FifoQueue is set to true.", name)
		}
	}
	_, integer := integerAttributes[name]
	_, choice := choiceAttributes[name]
	if !integer && !choice || isFIFOAttribute(name) && !fifo {
		return unknownAttribute(name)
	}
	return nil
}

// checkEncryption refuses both kinds of encryption at a time.
func checkEncryption(attributes map[string]string) error {
	if attributes["KmsMasterKeyId"] != "" && attributes["SqsManagedSseEnabled"] == "true" {
		return invalidAttributeName("You can use one type of server-side encryption (SSE) at one time. " +
			"You can either enable KMS SSE or SQS SSE.")
	}
	return nil
}

// SetQueueAttributesInput is the input of SetQueueAttributes.
type SetQueueAttributesInput struct {
	QueueURL   string `json:"QueueUrl"`
	Attributes map[string]string
}

// SetQueueAttributes changes the given attributes, at once, and leaves the others. Nothing changes if one is invalid.
func (s *Service) SetQueueAttributes(ctx context.Context, in SetQueueAttributesInput) (wire.Empty, error) {
	return wire.Empty{}, s.atQueue(ctx, in.QueueURL, func(q *queue, now time.Time) error {
		if in.Attributes == nil {
			return missing("Attributes")
		}
		for _, name := range slices.Sorted(maps.Keys(in.Attributes)) {
			if err := settable(name, q.fifo); err != nil {
				return err
			}
			if name == "FifoQueue" && !strings.EqualFold(in.Attributes[name], "true") {
				return invalidAttributeValue(name, "Modifying queue type is not supported.")
			}
		}
		changes, err := canonical(in.Attributes)
		if err != nil {
			return err
		}
		attributes := merge(q.attributes, changes)
		if err := checkEncryption(changes); err != nil {
			return err
		}
		settings, err := interpret(attributes, q.fifo)
		if err != nil {
			return err
		}
		if value := in.Attributes["RedrivePolicy"]; value != "" {
			if err := s.checkRedrive(q.arn, q.fifo, settings.redrive, value); err != nil {
				return err
			}
		}
		if q.fifo && settings.delay != q.settings.delay {
			q.redelay(settings.delay, now)
		}
		q.attributes, q.settings, q.modified = attributes, settings, now
		return nil
	})
}

// merge applies changes. Choosing one kind of encryption ends the other.
func merge(attributes, changes map[string]string) map[string]string {
	merged := map[string]string{}
	maps.Copy(merged, attributes)
	if changes["KmsMasterKeyId"] != "" {
		delete(merged, "SqsManagedSseEnabled")
	}
	if changes["SqsManagedSseEnabled"] == "true" {
		delete(merged, "KmsMasterKeyId")
		delete(merged, "KmsDataKeyReusePeriodSeconds")
	}
	maps.Copy(merged, changes)
	maps.DeleteFunc(merged, func(_, value string) bool { return value == "" })
	return merged
}

// redelay applies a new delay to the messages that are delayed now: on FIFO queues, and only there, the attribute is
// retroactive (API reference of SetQueueAttributes, developer guide, "Delay queues").
func (q *queue) redelay(delay time.Duration, now time.Time) {
	for _, m := range slices.Clone(q.hidden.items) {
		if !m.inFlight {
			q.hide(m, m.sent.Add(delay), now)
			q.order.refresh(m)
		}
	}
}

// GetQueueAttributesInput is the input of GetQueueAttributes.
type GetQueueAttributesInput struct {
	QueueURL       string `json:"QueueUrl"`
	AttributeNames []string
}

// GetQueueAttributesOutput is the output of GetQueueAttributes.
type GetQueueAttributesOutput struct {
	Attributes map[string]string `json:",omitempty"`
}

// knownAttributes are the names that a queue may lack but one may ask for.
var knownAttributes = []string{"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"}

// GetQueueAttributes returns the named attributes, or all for "All". Unlike on AWS, the approximate counts are exact.
func (s *Service) GetQueueAttributes(ctx context.Context, in GetQueueAttributesInput) (GetQueueAttributesOutput, error) {
	var out GetQueueAttributesOutput
	err := s.atQueue(ctx, in.QueueURL, func(q *queue, _ time.Time) error {
		all := q.describe()
		for _, name := range in.AttributeNames {
			_, known := all[name]
			if !known && name != "All" && !slices.Contains(knownAttributes, name) && !isFIFOAttribute(name) {
				return unknownAttribute(name)
			}
		}
		if !slices.Contains(in.AttributeNames, "All") {
			maps.DeleteFunc(all, func(name, _ string) bool { return !slices.Contains(in.AttributeNames, name) })
		}
		out.Attributes = all
		return nil
	})
	return out, err
}

// describe returns all attributes of q.
func (q *queue) describe() map[string]string {
	all := effective(q.attributes, q.fifo)
	all["QueueArn"] = q.arn
	all["CreatedTimestamp"] = strconv.FormatInt(q.created.Unix(), 10)
	all["LastModifiedTimestamp"] = strconv.FormatInt(q.modified.Unix(), 10)
	all["ApproximateNumberOfMessages"] = strconv.Itoa(q.available())
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(q.delayed())
	all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(q.inFlight)
	return all
}

// PurgeQueueInput is the input of PurgeQueue.
type PurgeQueueInput struct {
	QueueURL string `json:"QueueUrl"`
}

// PurgeQueue removes all messages, at once.
func (s *Service) PurgeQueue(ctx context.Context, in PurgeQueueInput) (wire.Empty, error) {
	return wire.Empty{}, s.atQueue(ctx, in.QueueURL, func(q *queue, now time.Time) error {
		if now.Before(q.purged.Add(s.purgeCooldown)) {
			return modelled("PurgeQueueInProgress", queryNamespace+"PurgeQueueInProgress",
				"Only one PurgeQueue operation on %s is allowed every %d seconds.", q.name, int(s.purgeCooldown.Seconds())).WithStatus(403)
		}
		q.purged = now
		q.clear()
		return nil
	})
}
