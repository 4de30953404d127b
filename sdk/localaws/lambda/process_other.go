//go:build !linux

package lambda

import "errors"

// process is a started entry point. Images are made for Linux, so elsewhere there never is one.
type process struct {
	output *output
	exited chan struct{}
}

type output struct{}

var errNotLinux = errors.New("localaws runs functions on Linux only")

func startProcess(string, []string, string, []string, func(line string)) (*process, error) {
	return nil, errNotLinux
}

func (p *process) freeze()            {}
func (p *process) thaw()              {}
func (p *process) terminate()         {}
func (p *process) kill()              {}
func (p *process) exitReason() string { return "" }
func (p *process) peakMemory() int    { return 0 }
func (o *output) flush()              {}
func (o *output) close()              {}
