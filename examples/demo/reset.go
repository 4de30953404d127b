package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// trickle is the time between webhooks while Terraform resets the functions.
	trickle = 20 * time.Millisecond
	// before and after are how many webhooks are posted at once before the reset begins, and at least after it has ended.
	before, after = 100, 100
)

// secondRound posts all webhooks again, while Terraform throws the warm runtimes away, and looks whether it has.
func (d *demo) secondRound(ctx context.Context) error {
	webhooks, err := readWebhooks(d.root)
	if err != nil {
		return err
	}
	former, err := d.deployments(ctx)
	if err != nil {
		return err
	}
	if err := d.github.postAll(ctx, webhooks[:before]); err != nil {
		return err
	}
	d.say.line("second round: taint handler_reset.acme and apply, while webhooks come in")
	posted, err := d.resetWhilePosting(ctx, webhooks[before:len(webhooks)-after])
	if err != nil {
		return err
	}
	end := time.Now()
	rest := webhooks[before+posted:]
	d.say.line("reset done, %d webhooks came in meanwhile; post the other %d", posted, len(rest))
	if err := d.github.postAll(ctx, rest); err != nil {
		return err
	}
	if err := d.drain(ctx); err != nil {
		return err
	}
	fmt.Fprintln(d.say.out)
	d.writeReport(true)
	return d.checkReset(ctx, former, end)
}

// resetWhilePosting resets, and posts one webhook after the other until that is done. It returns how many it has posted.
func (d *demo) resetWhilePosting(ctx context.Context, webhooks []webhook) (int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- d.reset(ctx) }()

	pace := time.NewTicker(trickle)
	defer pace.Stop()
	posted := 0
	for {
		select {
		case err := <-done:
			return posted, err
		case <-pace.C:
		}
		if posted == len(webhooks) {
			pace.Stop()
			continue
		}
		if err := d.github.post(ctx, webhooks[posted]); err != nil {
			cancel()
			return posted, errors.Join(err, <-done)
		}
		posted++
	}
}

func (d *demo) reset(ctx context.Context) error {
	if err := d.tf.taint(ctx, "handler_reset.acme"); err != nil {
		return err
	}
	return d.tf.apply(ctx)
}

func (d *demo) deployments(ctx context.Context) (map[string]deployment, error) {
	all := make(map[string]deployment)
	for _, function := range d.out.Functions {
		deployed, err := d.cloud.deployment(ctx, function)
		if err != nil {
			return nil, err
		}
		all[function] = deployed
	}
	return all, nil
}

// checkReset looks whether every function has a new HANDLER_RESET, has worked since end, and has begun nothing since then in
// a runtime that is older than that.
func (d *demo) checkReset(ctx context.Context, former map[string]deployment, end time.Time) error {
	present, err := d.deployments(ctx)
	if err != nil {
		return err
	}
	stale, active := d.activity.stale(present, end)
	for function, deployed := range present {
		if deployed.reset == "" || deployed.reset == former[function].reset {
			return fmt.Errorf("the reset did not reach function %s: its HANDLER_RESET has not changed", function)
		}
		if !active[function] {
			return fmt.Errorf("function %s did nothing after the reset, so nothing shows that its runtimes are new", function)
		}
	}
	if stale > 0 {
		return fmt.Errorf("%d invocations after the reset ran in runtimes from before it", stale)
	}
	account, err := d.receiver.account(ctx)
	if err != nil {
		return err
	}
	d.settled = account
	d.say.line("every runtime that worked after the reset is new")
	return nil
}
