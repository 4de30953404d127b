// Package sqs is the SQS of localaws: standard and FIFO queues in memory, behind the API's JSON protocol and, for the pollers
// of Lambda's mappings, as Go methods.
//
// What clients can see follows AWS: limits, error codes and messages, digests, receive counts, redrive, ordering and
// deduplication. Where AWS promises nothing, localaws takes the strict reading, so that code which relies on luck fails here
// rather than there: a stale receipt handle of a standard queue deletes nothing. It differs where waiting would
// serve nobody: attributes apply at once, and by default the name of a deleted queue is free at once, as is the next purge.
// Encryption is kept and shown, not done, and policies are enforced by package access; tenants of a fair queue (MessageGroupId on a standard queue) are
// passed on but not told apart; a ReceiveRequestAttemptId is checked, but every receive is one of its own. The older query
// protocol is not served.
package sqs

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// AWSCooldown is how long AWS has clients wait before they can reuse the name of a deleted queue or purge a queue again.
const AWSCooldown = 60 * time.Second

// Service is an SQS endpoint with the queues of all regions.
type Service struct {
	json           wire.JSONService
	log            *slog.Logger
	deleteCooldown time.Duration
	purgeCooldown  time.Duration

	mu      sync.Mutex
	queues  map[string]*queue    // by ARN
	deleted map[string]time.Time // by ARN, within the cooldown
	moves   moveTasks
}

// Option changes how a Service behaves.
type Option func(*Service)

// WithCooldowns sets how long the name of a deleted queue stays taken (QueueDeletedRecently) and how long a queue cannot be
// purged again (PurgeQueueInProgress). Both are 0 by default; on AWS they are AWSCooldown.
func WithCooldowns(afterDelete, afterPurge time.Duration) Option {
	return func(s *Service) { s.deleteCooldown, s.purgeCooldown = afterDelete, afterPurge }
}

// New makes a service without queues.
func New(log *slog.Logger, options ...Option) *Service {
	s := &Service{log: log, queues: map[string]*queue{}, deleted: map[string]time.Time{}}
	for _, option := range options {
		option(s)
	}
	s.json = wire.JSONService{Target: "AmazonSQS", Version: "1.0", Log: log, Operations: map[string]wire.Operation{
		"AddPermission":                wire.Op(s.AddPermission),
		"CancelMessageMoveTask":        wire.Op(s.CancelMessageMoveTask),
		"ChangeMessageVisibility":      wire.Op(s.ChangeMessageVisibility),
		"ChangeMessageVisibilityBatch": wire.Op(s.ChangeMessageVisibilityBatch),
		"CreateQueue":                  wire.Op(s.CreateQueue),
		"DeleteMessage":                wire.Op(s.DeleteMessage),
		"DeleteMessageBatch":           wire.Op(s.DeleteMessageBatch),
		"DeleteQueue":                  wire.Op(s.DeleteQueue),
		"GetQueueAttributes":           wire.Op(s.GetQueueAttributes),
		"GetQueueUrl":                  wire.Op(s.GetQueueURL),
		"ListDeadLetterSourceQueues":   wire.Op(s.ListDeadLetterSourceQueues),
		"ListMessageMoveTasks":         wire.Op(s.ListMessageMoveTasks),
		"ListQueueTags":                wire.Op(s.ListQueueTags),
		"ListQueues":                   wire.Op(s.ListQueues),
		"PurgeQueue":                   wire.Op(s.PurgeQueue),
		"ReceiveMessage":               wire.Op(s.ReceiveMessage),
		"RemovePermission":             wire.Op(s.RemovePermission),
		"SendMessage":                  wire.Op(s.SendMessage),
		"SendMessageBatch":             wire.Op(s.SendMessageBatch),
		"SetQueueAttributes":           wire.Op(s.SetQueueAttributes),
		"StartMessageMoveTask":         wire.Op(s.StartMessageMoveTask),
		"TagQueue":                     wire.Op(s.TagQueue),
		"UntagQueue":                   wire.Op(s.UntagQueue),
	}}
	return s
}

// ServeHTTP answers calls of the SQS API in AWS JSON 1.0. The request's context must carry its wire.Call.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.json.ServeHTTP(w, r) }

// atQueue calls fn with the queue that url names, under the lock, brought up to now, and settles it afterwards.
func (s *Service) atQueue(ctx context.Context, url string, fn func(q *queue, now time.Time) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(ctx, url)
	if err != nil {
		return err
	}
	return s.at(q, fn)
}

// at is atQueue for a queue that has been found under the lock.
func (s *Service) at(q *queue, fn func(q *queue, now time.Time) error) error {
	now := time.Now()
	q.advance(now)
	err := fn(q, now)
	s.settle(q, now)
	return err
}
