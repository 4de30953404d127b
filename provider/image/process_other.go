//go:build !unix

package image

import "os/exec"

// makeGroup does nothing: what a command starts cannot be told from other processes here.
func makeGroup(*exec.Cmd) {}

// interruptGroup kills the command. The compilers it started end by themselves when they have compiled one package.
func interruptGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }

// killGroup has nothing to do.
func killGroup(*exec.Cmd) {}
