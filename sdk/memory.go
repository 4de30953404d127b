package sdk

import (
	"os"
	"runtime/debug"
	"strconv"
)

// limitMemory makes the garbage collector work harder as the process nears the function's memory, above which Lambda kills it. A tenth
// is left to what is not Go's. GOMEMLIMIT wins.
func limitMemory() {
	megabytes, err := strconv.ParseInt(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), 10, 32)
	if err != nil || megabytes <= 0 || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetMemoryLimit(megabytes << 20 / 10 * 9)
}
