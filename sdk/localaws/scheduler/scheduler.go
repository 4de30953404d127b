// Package scheduler is AWS's EventBridge Scheduler as far as schedules that send to SQS queues need it. Schedules fire: at the time
// of an at(), by the calendar of a cron() in its time zone, at each interval of a rate(), with the context attributes of their input
// replaced. A flexible time window is used at its beginning. A role must let Scheduler assume it, at creation and at each firing.
//
// What it does not imitate: other targets are refused, there is no schedule group but the default one, and an invocation that fails
// is not tried again; it goes to the schedule's dead-letter queue, or is logged.
package scheduler

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// Queues is where schedules send to. The region of the call and the queue's URL name the queue.
type Queues interface {
	SendMessage(ctx context.Context, in sqs.SendMessageInput) (sqs.Sent, error)
}

// Roles knows whether Scheduler may assume a role. The error is the answer that Scheduler gives to whoever names one that it may not.
type Roles interface {
	AssumableByScheduler(roleARN, groupARN string) error
}

// Service answers the EventBridge Scheduler API and fires schedules. It is safe for concurrent use.
type Service struct {
	queues Queues
	roles  Roles
	log    *slog.Logger
	routes *http.ServeMux

	ctx        context.Context // ends with Close
	cancel     context.CancelFunc
	background sync.WaitGroup // schedules that wait for their next firing

	mu        sync.Mutex
	closed    bool
	schedules map[string]*schedule         // by ARN
	tokens    map[string]any               // what was asked for with a client token, by region, operation and token
	tags      map[string]map[string]string // of schedule groups, by ARN
}

// New returns a service without schedules. Close ends it.
func New(queues Queues, roles Roles, log *slog.Logger) *Service {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Service{
		queues: queues, roles: roles, log: log, ctx: ctx, cancel: cancel,
		schedules: map[string]*schedule{}, tokens: map[string]any{}, tags: map[string]map[string]string{},
	}
	s.routes = s.newRoutes()
	return s
}

// Close stops all schedules and returns when none of them fires any more.
func (s *Service) Close() {
	s.cancel()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.background.Wait()
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }

func invalid(format string, args ...any) *wire.Error {
	return wire.Errorf("ValidationException", format, args...)
}

func notFound(format string, args ...any) *wire.Error {
	return wire.Errorf("ResourceNotFoundException", format, args...).WithStatus(http.StatusNotFound)
}

func conflict(format string, args ...any) *wire.Error {
	return wire.Errorf("ConflictException", format, args...).WithStatus(http.StatusConflict)
}
