package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// drainTimeout bounds how long the queues may take to become empty.
	drainTimeout = 60 * time.Second
	// logTimeout bounds how long a line that was logged may take to be found.
	logTimeout = 10 * time.Second
	// forged is how many webhooks with a wrong signature are posted.
	forged = 10
)

// labels are those of the queues, in the order in which events pass them.
var labels = []string{"webhooks", "jobs", "deliveries"}

// secret is the value of the app's secret, as an operator would write it.
type secret struct {
	GitHub     string `json:"GITHUB_WEBHOOK_SECRET"`
	Subscriber string `json:"SUBSCRIBER_SECRET"`
}

func newSecret() secret {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return secret{GitHub: rand.Text(), Subscriber: "whsec_" + base64.StdEncoding.EncodeToString(key)}
}

// build builds the programs.
func (d *demo) build(ctx context.Context) error {
	w, err := newWorkspace(ctx)
	if err != nil {
		return err
	}
	d.workspace = w
	d.say.line("build %s", strings.Join(slices.Sorted(maps.Keys(programs)), ", "))
	return d.workspace.build(ctx)
}

// startLocalaws starts AWS.
func (d *demo) startLocalaws(ctx context.Context) error {
	p, err := d.start("localaws", nil, "-listen", "127.0.0.1:0", "-data", d.path("localaws"))
	if err != nil {
		return err
	}
	d.endpoint, err = p.waitFor(ctx, func(line []byte) (string, bool) {
		return strings.CutPrefix(string(line), "localaws listens on ")
	})
	if err != nil {
		return err
	}
	d.say.line("localaws at %s", d.endpoint)
	d.cloud = newCloud(d.endpoint)
	return nil
}

// deploy creates the secret, starts the subscriber, and applies the quickstart.
func (d *demo) deploy(ctx context.Context) error {
	d.secret = newSecret()
	value, err := json.Marshal(d.secret)
	if err != nil {
		return fmt.Errorf("encoding the secret: %w", err)
	}
	if d.secretARN, err = d.cloud.createSecret(ctx, "acme", string(value)); err != nil {
		return err
	}
	d.say.line("secret acme created, outside of Terraform")

	p, err := d.start("receiver", []string{"SUBSCRIBER_SECRET=" + d.secret.Subscriber})
	if err != nil {
		return err
	}
	address, err := p.waitFor(ctx, func(line []byte) (string, bool) { return string(line), len(line) > 0 })
	if err != nil {
		return err
	}
	d.receiver = &subscriber{url: "http://" + address}

	env := append(cloudEnv(d.endpoint), "TF_VAR_secret_arn="+d.secretARN, "TF_VAR_subscriber_url="+d.receiver.url+"/results")
	if d.tf, err = newTerraform(d.workspace, env); err != nil {
		return err
	}
	d.say.line("apply examples/quickstart")
	if err := d.tf.apply(ctx); err != nil {
		return err
	}
	if d.out, err = d.tf.outputs(ctx); err != nil {
		return err
	}
	d.say.line("deployed %s", d.out.ImageURI)
	return nil
}

// appEnv is the environment in which acme finds its queue and its secret outside of Lambda.
func (d *demo) appEnv() []string {
	return []string{
		"HANDLER_QUEUES=webhooks=" + d.out.Queues["webhooks"],
		"SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS=" + d.secretARN,
	}
}

// startServer starts acme's server.
func (d *demo) startServer(ctx context.Context) error {
	p, err := d.start("acme", slices.Concat(cloudEnv(d.endpoint), d.appEnv(), []string{"LISTEN=127.0.0.1:0"}), "backend", "server")
	if err != nil {
		return err
	}
	address, err := p.waitFor(ctx, func(line []byte) (string, bool) {
		var log struct{ Message, Address string }
		err := json.Unmarshal(line, &log)
		return log.Address, err == nil && log.Message == "listening"
	})
	if err != nil {
		return err
	}
	d.github = &github{url: "http://" + address + "/webhooks/github", key: d.secret.GitHub}
	d.say.line("acme backend server at http://%s", address)
	return nil
}

// firstRound posts all webhooks, some of them also with a wrong signature.
func (d *demo) firstRound(ctx context.Context) error {
	webhooks, err := readWebhooks(d.root)
	if err != nil {
		return err
	}
	if err := d.github.postAll(ctx, webhooks); err != nil {
		return err
	}
	if err := d.github.postForged(ctx, webhooks[:forged]); err != nil {
		return err
	}
	d.say.line("posted %d webhooks, and %d with a wrong signature, refused with 401", len(webhooks), forged)
	return d.drain(ctx)
}

// redriveRefused moves the deliveries that the subscriber refused for good back to their queue, as an operator does once the
// subscriber is there again.
func (d *demo) redriveRefused(ctx context.Context) error {
	account, err := d.receiver.account(ctx)
	if err != nil {
		return err
	}
	for _, label := range labels {
		want := 0
		if label == "deliveries" {
			want = account.Gone
		}
		depth, err := d.cloud.depth(ctx, d.out.DeadLetters[label])
		if err != nil {
			return err
		}
		if depth != want {
			return fmt.Errorf("the dead-letter queue of %s holds %d messages, not %d", label, depth, want)
		}
	}
	if account.Gone == 0 {
		return errors.New("the subscriber refused no delivery for good, so nothing shows the dead-letter queue at work")
	}
	d.say.line("the subscriber answered %d deliveries with 503 and %d with 410, now dead-lettered; move it back", account.Unavailable, account.Gone)
	if err := d.redrive(ctx); err != nil {
		return err
	}
	if err := d.drain(ctx); err != nil {
		return err
	}
	fmt.Fprintln(d.say.out)
	d.writeReport(false)
	return nil
}

func (d *demo) redrive(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, drainTimeout, errors.New("the message did not leave the dead-letter queue"))
	defer cancel()
	return d.cloud.redrive(ctx, d.out.DeadLetters["deliveries"], d.out.Queues["deliveries"])
}

// inspect looks whether Terraform has nothing more to do, and whether the secret has stayed where it belongs.
func (d *demo) inspect(ctx context.Context) error {
	if err := d.tf.planEmpty(ctx); err != nil {
		return err
	}
	d.say.line("plan is empty")
	values := []string{d.secret.GitHub, strings.TrimPrefix(d.secret.Subscriber, "whsec_"), url.QueryEscape(d.secret.Subscriber)}
	for _, folder := range []string{"terraform", "logs"} {
		if err := searchSecret(d.path(folder), values); err != nil {
			return err
		}
	}
	d.say.line("the secret is in no state and no log")
	return nil
}

// destroy removes everything and looks whether anything is left.
func (d *demo) destroy(ctx context.Context) error {
	if err := d.tf.destroy(ctx); err != nil {
		return err
	}
	if err := d.cloud.deleteSecret(ctx, d.secretARN); err != nil {
		return err
	}
	left, err := d.cloud.leftovers(ctx)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("destroy has left %s", strings.Join(left, ", "))
	}
	d.say.line("destroyed; localaws is empty but for logs")
	return nil
}
