// Package lambda is AWS Lambda as far as functions that drain queues need it: the API, runtimes that run the very image that was
// pushed, and the mappings that feed them from SQS.
//
// It is not a mock. A runtime is a process started from the unpacked image that speaks the Runtime API; it handles one invocation at
// a time, is frozen (SIGSTOP) in between, is killed at the function's timeout, and is thrown away when code or configuration change. It
// has an access key of its own, so that what it calls is allowed or refused as the function's role says.
// What it does not imitate: there is no isolation (the image's files are unpacked in a directory, absolute paths are the host's),
// memory is reported and not limited, and functions packed as ZIP are refused. Runtimes need Linux.
package lambda

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/logs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
)

// Config is what the service needs of the rest of localaws.
type Config struct {
	Dir         string        // where images are unpacked, each in a folder named after its digest; made if missing
	Endpoint    func() string // AWS_ENDPOINT_URL of runtimes, such as "http://127.0.0.1:4566"
	Queues      Queues
	Images      Images
	Logs        Logs
	Roles       Roles
	Access      Access
	IdleTimeout time.Duration // how long a runtime without work stays warm; 5 minutes if zero

	// InitTimeout is how long a runtime may take until it first asks for an event; Lambda's 10 seconds if zero. One that takes
	// longer is killed and started again, the second time under the function's timeout.
	InitTimeout time.Duration
}

// Queues is where mappings receive from, by the ARN of the queue. Errors are those of the SQS API.
type Queues interface {
	Receive(ctx context.Context, queueARN string, limit int, wait, visibility time.Duration) ([]sqs.ReceivedMessage, error)
	Delete(ctx context.Context, queueARN string, receiptHandles []string) error
	VisibilityTimeout(queueARN string) (time.Duration, error)
}

// Images finds images by URI, host/name@digest or host/name:tag. The error is that of the ECR API, such as
// UnsupportedImageTypeException for an index.
type Images interface {
	Image(ctx context.Context, uri string) (v1.Image, error)
}

// Logs takes what runtimes write. Groups and streams come into being with their first event.
type Logs interface {
	Put(region, group, stream string, events ...logs.Event)
}

// Roles knows whether Lambda may assume a role for a function, and gives out the access keys with which functions act as their role. The
// error is the answer that Lambda gives to whoever names a role that it may not assume.
type Roles interface {
	AssumableByLambda(roleARN, functionARN string) error
	Credentials(roleARN, functionARN string) (accessKeyID string)
}

// Access knows whether a function's role lets Lambda feed the function from a queue. The error is the answer that Lambda gives to whoever
// wants it to. The channel is closed when roles change.
type Access interface {
	MayConsume(roleARN, functionARN, queueARN string) error
	Changed() <-chan struct{}
}

// Service answers the Lambda API and runs functions. It is safe for concurrent use.
type Service struct {
	config      Config
	log         *slog.Logger
	routes      *http.ServeMux
	operations  map[string]string // by pattern of the routes
	images      imageStore
	concurrency *concurrency

	ctx        context.Context // ends with Close
	cancel     context.CancelFunc
	background sync.WaitGroup // deployments, asynchronous invocations and pollers

	mu        sync.Mutex
	closed    bool
	functions map[string]*function // by unqualified ARN
	mappings  map[string]*mapping  // by UUID
	changed   chan struct{}        // closed and replaced whenever what a function would be invoked with changes
}

// New returns a service without functions. Close ends it.
func New(config Config, log *slog.Logger) *Service {
	config.IdleTimeout = cmp.Or(config.IdleTimeout, 5*time.Minute)
	config.InitTimeout = cmp.Or(config.InitTimeout, 10*time.Second)
	ctx, cancel := context.WithCancel(context.Background())
	s := &Service{
		config:      config,
		log:         log,
		routes:      http.NewServeMux(),
		operations:  map[string]string{},
		images:      imageStore{dir: config.Dir},
		concurrency: newConcurrency(),
		ctx:         ctx,
		cancel:      cancel,
		functions:   map[string]*function{},
		mappings:    map[string]*mapping{},
		changed:     make(chan struct{}),
	}
	s.addRoutes()
	return s
}

// Close stops all pollers, kills all runtimes and returns when nothing of them is left. Messages of batches that were being handled
// return to their queues. It never fails.
func (s *Service) Close() error {
	s.cancel()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	for _, f := range s.functions {
		for _, v := range f.versions() {
			s.retireLocked(v.deployment)
		}
	}
	s.closed = true
	s.mu.Unlock()
	s.background.Wait()
	return nil
}

// start runs fn in the background unless the service is closed. Close ends fn's context and waits for it.
func (s *Service) start(fn func(ctx context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.startLocked(fn)
}

func (s *Service) startLocked(fn func(ctx context.Context)) {
	if !s.closed {
		s.background.Go(func() { fn(s.ctx) })
	}
}

// retireLocked lets a deployment, which may be nil, finish what it does.
func (s *Service) retireLocked(d *deployment) {
	if d != nil {
		d.retire()
		s.startLocked(d.await)
	}
}

// announceLocked wakes pollers that wait for a function to become invocable.
func (s *Service) announceLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}
