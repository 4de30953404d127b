// Package localaws is an AWS of one's own: SQS, Lambda, EventBridge Scheduler, ECR, IAM, STS, Secrets Manager and CloudWatch Logs
// on one port, in memory, for tests and laptops. It is not a mock: queues redeliver, schedules fire, a function runs the very image that was
// pushed and may do what its role allows. AWS_ENDPOINT_URL and any credentials reach it:
//
//	aws := localaws.Start(t)
//	client := sqs.NewFromConfig(aws.Config())
//
// Everything belongs to the account 000000000000; the region is the one that the client signs for. What localaws does not offer
// is answered as AWS answers an unsupported action, and logged as a warning.
package localaws

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/access"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/ecr"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/iam"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/lambda"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/logs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/scheduler"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/secretsmanager"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sts"
	"golang.org/x/sync/errgroup"
)

const (
	// DefaultAddr is a free port of the loopback interface.
	DefaultAddr = "127.0.0.1:0"

	headerTimeout   = 10 * time.Second       // for a client to send its headers
	shutdownTimeout = 250 * time.Millisecond // for answers that are under way when the server closes
)

// Config says where a Server listens and keeps its files. The zero value is good.
type Config struct {
	Addr string       // host:port; DefaultAddr if empty
	Dir  string       // for images and what is unpacked of them; made if missing; if empty, a temporary directory that Close removes
	Log  *slog.Logger // nil discards
}

// Server is a running localaws. It is safe for concurrent use.
type Server struct {
	log      *slog.Logger
	endpoint string
	ip       string                             // that it listens on
	tempDir  string                             // removed by Close; empty if the directory is the caller's
	base     func(net.Listener) context.Context // of all requests
	cancel   context.CancelFunc
	serving  errgroup.Group

	mu      sync.Mutex
	servers []*http.Server

	sqs       *sqs.Service
	lambda    *lambda.Service
	scheduler *scheduler.Service
	ecr       *ecr.Service
	iam       *iam.Service
	logs      *logs.Service
	routes    router
}

// New starts a server without any resources: nothing outlives a server, even if Config.Dir does. Close stops it.
func New(cfg Config) (*Server, error) {
	s := &Server{log: cfg.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	dir, err := s.makeDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	addr := cfg.Addr
	if addr == "" {
		addr = DefaultAddr
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start localaws: %w", err), s.removeTempDir())
	}
	s.endpoint = "http://" + reachable(listener.Addr())
	s.ip, _, _ = net.SplitHostPort(listener.Addr().String())
	ctx, cancel := context.WithCancel(context.Background())
	s.base, s.cancel = func(net.Listener) context.Context { return ctx }, cancel
	s.makeServices(dir)
	s.serve(listener, s)
	return s, nil
}

// makeDir makes the directory for images, temporary if none is given.
func (s *Server) makeDir(dir string) (string, error) {
	var err error
	if dir == "" {
		s.tempDir, err = os.MkdirTemp("", "localaws-")
		return s.tempDir, err
	}
	if dir, err = filepath.Abs(dir); err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return "", fmt.Errorf("make the data directory: %w", err)
	}
	return dir, nil
}

func (s *Server) removeTempDir() error {
	if s.tempDir == "" {
		return nil
	}
	return os.RemoveAll(s.tempDir)
}

// reachable is an address that a client on this machine can connect to.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
}

func (s *Server) makeServices(dir string) {
	s.sqs = sqs.New(s.log.With("service", "sqs"))
	s.ecr = ecr.New(filepath.Join(dir, "ecr"), s.serveBeside, s.log.With("service", "ecr"))
	s.iam = iam.New(s.log.With("service", "iam"))
	s.logs = logs.New(s.log.With("service", "logs"))
	secrets := secretsmanager.New(s.log.With("service", "secretsmanager"))
	guard := access.New(access.Config{Roles: s.iam, Queues: s.sqs, Secrets: secrets, Log: s.log.With("service", "access")})
	s.lambda = lambda.New(lambda.Config{
		Dir:      filepath.Join(dir, "lambda"),
		Endpoint: s.Endpoint,
		Queues:   s.sqs,
		Images:   s.ecr,
		Logs:     s.logs,
		Roles:    s.iam,
		Access:   guard,
	}, s.log)
	s.scheduler = scheduler.New(s.sqs, s.iam, s.log.With("service", "scheduler"))
	s.routes = router{
		log:      s.log,
		registry: s.ecr.Registry(),
		lambda:   guard.Lambda(s.lambda),
		status:   http.HandlerFunc(s.serveStatus),
		targets: map[string]http.Handler{
			"AmazonSQS":                            guard.SQS(s.sqs),
			"secretsmanager":                       guard.SecretsManager(secrets),
			"AmazonEC2ContainerRegistry_V20150921": guard.ECR(s.ecr),
			"Logs_20140328":                        guard.Logs(s.logs),
		},
		versions: map[string]http.Handler{
			"2010-05-08": guard.IAM(s.iam),
			"2011-06-15": guard.STS(sts.New(s.iam, s.log.With("service", "sts"))),
		},
		signers: map[string]http.Handler{"scheduler": s.scheduler},
	}
}

func (s *Server) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		BaseContext:       s.base,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.mu.Lock()
	s.servers = append(s.servers, server)
	s.mu.Unlock()
	s.serving.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
}

// serveBeside serves a handler on a port of its own.
func (s *Server) serveBeside(handler http.Handler) (port string, err error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(s.ip, "0"))
	if err != nil {
		return "", err
	}
	s.serve(listener, handler)
	_, port, err = net.SplitHostPort(listener.Addr().String())
	return port, err
}

// ServeHTTP answers for all services.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }

// Endpoint is the server's URL, such as "http://127.0.0.1:4566".
func (s *Server) Endpoint() string { return s.endpoint }

// Close stops all schedules, kills all runtimes, ends the requests that are waiting, stops listening, and removes what the server made
// on disk unless Config.Dir named the place. It returns when nothing of the server runs any more.
func (s *Server) Close() error {
	s.scheduler.Close()
	err := s.lambda.Close()
	s.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	s.mu.Lock()
	servers := s.servers
	s.mu.Unlock()
	for _, server := range servers {
		if server.Shutdown(ctx) != nil {
			err = errors.Join(err, server.Close())
		}
	}
	return errors.Join(err, s.serving.Wait(), s.removeTempDir())
}
