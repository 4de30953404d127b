package image

import (
	"context"
	"os/exec"
	"time"
)

// stopDelay is how long an interrupted command has to end before it is killed.
const stopDelay = 5 * time.Second

// runGroup runs cmd, which was made with ctx. When ctx ends, the command and all that it started are interrupted and, if any of them still
// runs when the command has ended or its WaitDelay is over, killed.
func runGroup(ctx context.Context, cmd *exec.Cmd) error {
	makeGroup(cmd)
	cmd.Cancel = func() error { return interruptGroup(cmd) }
	err := cmd.Run()
	if ctx.Err() != nil && cmd.Process != nil {
		killGroup(cmd)
	}
	return err
}
