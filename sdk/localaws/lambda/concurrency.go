package lambda

import (
	"context"
	"sync"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// An account's quota of concurrent executions per region, and what of it must stay unreserved: AWS's defaults.
const (
	accountConcurrency = 1000
	minimumUnreserved  = 100
)

// concurrency counts executions, in every region against the account's quota and the functions' reservations.
type concurrency struct {
	mu       sync.Mutex
	reserved map[string]int // by the function's ARN
	running  map[string]int // likewise
}

func newConcurrency() *concurrency {
	return &concurrency{reserved: map[string]int{}, running: map[string]int{}}
}

// acquire makes room for an execution of a function, whatever its version. Release gives it back.
func (c *concurrency) acquire(arn string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if limit, ok := c.reserved[arn]; ok {
		if c.running[arn] >= limit {
			return tooManyRequests("ReservedFunctionConcurrentInvocationLimitExceeded")
		}
	} else if c.runningUnreserved(regionOf(arn)) >= c.unreserved(regionOf(arn)) {
		return tooManyRequests("ConcurrentInvocationLimitExceeded")
	}
	c.running[arn]++
	return nil
}

func (c *concurrency) release(arn string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running[arn]--; c.running[arn] == 0 {
		delete(c.running, arn)
	}
}

// unreserved is what the reservations leave of the account's quota in a region.
func (c *concurrency) unreserved(region string) int {
	left := accountConcurrency
	for arn, n := range c.reserved {
		if regionOf(arn) == region {
			left -= n
		}
	}
	return left
}

func (c *concurrency) runningUnreserved(region string) int {
	n := 0
	for arn, running := range c.running {
		if _, reserved := c.reserved[arn]; !reserved && regionOf(arn) == region {
			n += running
		}
	}
	return n
}

// reserve sets a function's reservation unless too little would be left for all others.
func (c *concurrency) reserve(arn string, n int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, had := c.reserved[arn]
	c.reserved[arn] = n
	if n > 0 && c.unreserved(regionOf(arn)) < minimumUnreserved {
		if delete(c.reserved, arn); had {
			c.reserved[arn] = before
		}
		return invalidParameter("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "+
			"below its minimum value of [%d].", minimumUnreserved)
	}
	return nil
}

func (c *concurrency) unreserve(arn string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.reserved, arn)
}

// reservation is a function's reservation; nil if it has none.
func (c *concurrency) reservation(arn string) *int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n, ok := c.reserved[arn]; ok {
		return &n
	}
	return nil
}

// PutFunctionConcurrencyInput reserves concurrency for a function; 0 stops it.
type PutFunctionConcurrencyInput struct {
	FunctionName                 string `json:"-" path:"FunctionName"`
	ReservedConcurrentExecutions *int
}

// PutFunctionConcurrency reserves concurrency for all versions of a function.
func (s *Service) PutFunctionConcurrency(ctx context.Context, in PutFunctionConcurrencyInput) (*Concurrency, error) {
	ref, err := s.unqualified(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	switch n := in.ReservedConcurrentExecutions; {
	case n == nil:
		return nil, wire.Errorf("ValidationException", "1 validation error detected: Value null at 'reservedConcurrentExecutions' failed "+
			"to satisfy constraint: Member must not be null")
	case *n < 0:
		var violated constraints
		violated.between(n, "reservedConcurrentExecutions", 0, *n)
		return nil, violated.err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.functions[ref.arn] == nil {
		return nil, functionNotFound(ref)
	}
	if err := s.concurrency.reserve(ref.arn, *in.ReservedConcurrentExecutions); err != nil {
		return nil, err
	}
	return &Concurrency{in.ReservedConcurrentExecutions}, nil
}

// FunctionInput names a function.
type FunctionInput struct {
	FunctionName string `json:"-" path:"FunctionName"`
	Qualifier    string `json:"-" query:"Qualifier"`
}

// GetFunctionConcurrency returns a function's reservation.
func (s *Service) GetFunctionConcurrency(ctx context.Context, in FunctionInput) (*Concurrency, error) {
	f, unlock, err := s.lockFunction(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return &Concurrency{s.concurrency.reservation(f.ref.arn)}, nil
}

// DeleteFunctionConcurrency gives a function's reservation back.
func (s *Service) DeleteFunctionConcurrency(ctx context.Context, in FunctionInput) (*wire.Empty, error) {
	f, unlock, err := s.lockFunction(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	defer unlock()
	s.concurrency.unreserve(f.ref.arn)
	return &wire.Empty{}, nil
}

// unqualified reads the name of a function for operations that apply to all its versions.
func (s *Service) unqualified(ctx context.Context, name string) (reference, error) {
	ref, err := parseReference(ctx, name, "")
	if err != nil {
		return ref, err
	}
	if ref.qualifier != "" {
		return ref, invalidParameter("This operation is permitted on Lambda functions only. Aliases and versions do not support this " +
			"operation. Please specify either a function name or an unqualified function ARN.")
	}
	return ref, nil
}

// lockFunction finds the function that a request names without a qualifier, and takes the service's lock. The caller calls unlock,
// unless there is an error.
func (s *Service) lockFunction(ctx context.Context, name string) (f *function, unlock func(), err error) {
	ref, err := s.unqualified(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	if f = s.functions[ref.arn]; f == nil {
		s.mu.Unlock()
		return nil, nil, functionNotFound(ref)
	}
	return f, s.mu.Unlock, nil
}

// GetAccountSettingsOutput shows an account's quotas and what it uses of them.
type GetAccountSettingsOutput struct {
	AccountLimit AccountLimit
	AccountUsage AccountUsage
}

// AccountLimit holds an account's quotas in a region. Sizes are in bytes.
type AccountLimit struct {
	TotalCodeSize                  int64
	CodeSizeUnzipped               int64
	CodeSizeZipped                 int64
	ConcurrentExecutions           int
	UnreservedConcurrentExecutions int
}

// AccountUsage is what an account uses in a region.
type AccountUsage struct {
	TotalCodeSize int64
	FunctionCount int
}

// GetAccountSettings returns the quotas.
func (s *Service) GetAccountSettings(ctx context.Context, _ wire.Empty) (*GetAccountSettingsOutput, error) {
	region := wire.CallFrom(ctx).Region
	s.mu.Lock()
	defer s.mu.Unlock()
	s.concurrency.mu.Lock()
	defer s.concurrency.mu.Unlock()
	out := &GetAccountSettingsOutput{AccountLimit: AccountLimit{
		TotalCodeSize: 80530636800, CodeSizeUnzipped: 262144000, CodeSizeZipped: 52428800,
		ConcurrentExecutions: accountConcurrency, UnreservedConcurrentExecutions: s.concurrency.unreserved(region),
	}}
	for arn := range s.functions {
		if regionOf(arn) == region {
			out.AccountUsage.FunctionCount++
		}
	}
	return out, nil
}

// existingUnqualified is like unqualified, and the function must exist.
func (s *Service) existingUnqualified(ctx context.Context, name string) (reference, error) {
	f, unlock, err := s.lockFunction(ctx, name)
	if err != nil {
		return reference{}, err
	}
	defer unlock()
	return f.ref, nil
}
