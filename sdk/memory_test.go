package sdk_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// TestMemoryLimit has a handler print the limit that its process has.
func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		env  []string
		want int64
	}{
		{"of the function", []string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128"}, 128 << 20 / 10 * 9},
		{"of the largest function", []string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=32768"}, 32768 << 20 / 10 * 9},
		{"of GOMEMLIMIT", []string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "GOMEMLIMIT=64MiB"}, 64 << 20},
		{"none", []string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "GOMEMLIMIT=off"}, math.MaxInt64},
		{"of a function that is not told", nil, math.MaxInt64},
		{"of nonsense", []string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=-1"}, math.MaxInt64},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			api := newRuntimeAPI(t)
			p := start(t, "acme", append(test.env, api.env(), "HANDLER=jobs"), nil)
			api.invoke(string(payload(t, sdktest.Event{Type: "order", Data: map[string]string{"Do": "memory"}})))
			p.kill(t)
			if want := fmt.Sprintf("memory limit %d\n", test.want); !strings.Contains(p.stdout.String(), want) {
				t.Errorf("no %s in\n%s", want, &p.stdout)
			}
		})
	}
}

func TestMemoryIsNotLimitedOutsideLambda(t *testing.T) {
	t.Parallel()
	p := start(t, "acme", []string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128"}, nil, "backend", "memory")
	if code, want := p.exit(t), fmt.Sprintf("memory limit %d\n", int64(math.MaxInt64)); code != 0 || p.stdout.String() != want {
		t.Errorf("got exit code %d and %s", code, &p.stdout)
	}
}
