package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// demo is one run. Its steps, in steps.go, fill it in the order of its fields.
type demo struct {
	*workspace
	say  narrator
	keep bool

	endpoint  string // of localaws
	cloud     *cloud
	secret    secret
	secretARN string
	receiver  *subscriber
	tf        *terraform
	out       outputs
	github    *github
	activity  *activity // as of the last look at the logs
	settled   account   // of the subscriber, at the end

	running []*process
}

// narrator prints what happens, with the time since the start.
type narrator struct {
	out   io.Writer
	begun time.Time
}

func (n narrator) line(format string, args ...any) {
	fmt.Fprintf(n.out, "%5.1fs  %s\n", time.Since(n.begun).Seconds(), fmt.Sprintf(format, args...))
}

// perform does everything and returns what the last line says.
func perform(ctx context.Context, keep bool, out io.Writer) (string, error) {
	d := &demo{say: narrator{out: out, begun: time.Now()}, keep: keep}
	summary, err := d.steps(ctx)
	if err == nil && keep {
		return summary, d.writeGuide()
	}
	err = errors.Join(err, d.stopAll())
	interrupted := ctx.Err() != nil
	if interrupted {
		err = context.Cause(ctx)
	}
	if d.workspace == nil {
		return "", err
	}
	if err != nil && !interrupted {
		d.writeLogTails(out)
		return "", err
	}
	return summary, errors.Join(err, d.remove())
}

// steps runs the steps of the demo.
func (d *demo) steps(ctx context.Context) (string, error) {
	steps := []func(context.Context) error{
		d.build,
		d.startLocalaws,
		d.deploy,
		d.startServer,
		d.firstRound,
		d.redriveRefused,
		d.secondRound,
		d.inspect,
	}
	if !d.keep {
		steps = append(steps, d.destroy)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return "", err
		}
	}
	return d.summary()
}

// start starts a program and sees to it that it is stopped at the end.
func (d *demo) start(name string, env []string, args ...string) (*process, error) {
	p, err := d.startProcess(name, env, args...)
	if err == nil {
		d.running = append(d.running, p)
	}
	return p, err
}

// stopAll stops what runs, the last started first.
func (d *demo) stopAll() error {
	var errs []error
	for len(d.running) > 0 {
		last := len(d.running) - 1
		errs = append(errs, d.running[last].stop())
		d.running = d.running[:last]
	}
	return errors.Join(errs...)
}
