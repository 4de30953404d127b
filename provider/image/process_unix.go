//go:build unix

package image

import (
	"os/exec"
	"syscall"
)

// makeGroup makes cmd the first of a process group of its own, which what it starts belongs to.
func makeGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interruptGroup interrupts the group: go then removes what it was writing.
func interruptGroup(cmd *exec.Cmd) error {
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		return cmd.Process.Kill()
	}
	return nil
}

// killGroup kills what is left of the group, often nothing.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
