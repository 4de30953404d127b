// Package deliveries is the handler that tells the subscriber about finished runs, with webhooks as the specification
// Standard Webhooks (https://www.standardwebhooks.com) prescribes them.
//
// SUBSCRIBER_URL says where to, SUBSCRIBER_SECRET holds the signing key ("whsec_…"). What the subscriber answers decides:
//
//	2xx         delivered
//	410         gone for good: the event goes to the dead-letter queue at once
//	429, 5xx    tried again after the time that Retry-After names, at most [maxRetryAfter], or else with backoff
//	any other   tried again with backoff: a 404 or 401 of today is a deployment or a rotated key, and fixed tomorrow; what
//	            stays wrong ends in the dead-letter queue. Redirects are not followed, as a signed body is for one receiver
//
// No answer within [answerTimeout] is tried again with backoff too. All attempts carry the same webhook-id, so that the
// subscriber can tell that it has seen the event before.
package deliveries

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/lambda-land/terraform-provider-handler/handlers/run"
	"github.com/lambda-land/terraform-provider-handler/sdk"
)

const (
	// answerTimeout is how long the subscriber may take; Standard Webhooks recommends 15 to 30 s.
	answerTimeout = 20 * time.Second
	// maxRetryAfter bounds what a subscriber can ask for, well below the 12 hours that SQS can hide a message.
	maxRetryAfter = time.Hour
	// maxDrained is how much of an answer's body is read, in bytes, so that its connection can be used again.
	maxDrained = 64 << 10
)

// Handler delivers each finished run to the subscriber.
func Handler() sdk.AppOption {
	d := &deliverer{getenv: os.Getenv, now: time.Now, client: newClient()}
	return sdk.Handler("deliveries",
		sdk.On(run.Finished, d.deliver),
		sdk.Timeout(answerTimeout+5*time.Second),
	)
}

// deliverer posts results to the subscriber.
type deliverer struct {
	getenv func(string) string // read for each event, so that a reloaded secret is used at once
	now    func() time.Time
	client *http.Client
}

func newClient() *http.Client {
	return &http.Client{
		Timeout:       answerTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// message is the body of a webhook: what Standard Webhooks recommends, a type, the time of the event, and its data.
type message struct {
	Type      string     `json:"type"`
	Timestamp time.Time  `json:"timestamp"`
	Data      run.Result `json:"data"`
}

func (d *deliverer) deliver(ctx context.Context, e sdk.Event[run.Result]) error {
	request, err := d.request(ctx, e)
	if err != nil {
		return fmt.Errorf("preparing the delivery: %w", err)
	}
	response, err := d.client.Do(request)
	if err != nil {
		return fmt.Errorf("reaching the subscriber: %w", withoutURL(err))
	}
	defer response.Body.Close() // the status says it all
	if _, err := io.CopyN(io.Discard, response.Body, maxDrained); err != nil && !errors.Is(err, io.EOF) {
		// The status has arrived, and with it the subscriber's decision. Only the connection is of no more use.
		sdk.Logger(ctx).DebugContext(ctx, "subscriber's answer broke off", "error", withoutURL(err))
	}
	return d.judge(response)
}

// request makes the signed request for the event. Settings that are missing or wrong can be mended while the event waits, so
// its errors are not permanent.
func (d *deliverer) request(ctx context.Context, e sdk.Event[run.Result]) (*http.Request, error) {
	subscriber, err := url.Parse(d.getenv("SUBSCRIBER_URL"))
	if err != nil || subscriber.Host == "" || (subscriber.Scheme != "http" && subscriber.Scheme != "https") {
		return nil, errors.New("SUBSCRIBER_URL is not an http or https URL: set it in the function's environment")
	}
	key, err := parseKey(d.getenv("SUBSCRIBER_SECRET"))
	if err != nil {
		return nil, fmt.Errorf("SUBSCRIBER_SECRET is not a signing key: %w; set it in the function's secret", err)
	}
	body, err := json.Marshal(message{Type: e.Type, Timestamp: e.Time, Data: e.Data})
	if err != nil {
		return nil, fmt.Errorf("encoding the message: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, subscriber.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", withoutURL(err))
	}
	now := d.now()
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "acme")
	request.Header.Set("webhook-id", e.ID)
	request.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	request.Header.Set("webhook-signature", sign(key, e.ID, now, body))
	return request, nil
}

// judge turns the subscriber's answer into what becomes of the event.
func (d *deliverer) judge(response *http.Response) error {
	status := response.StatusCode
	if status >= 200 && status < 300 {
		return nil
	}
	err := fmt.Errorf("the subscriber answered %d", status)
	if status == http.StatusGone {
		return sdk.Permanent(err)
	}
	if status == http.StatusTooManyRequests || status >= 500 {
		if wait, ok := retryAfter(response.Header.Get("Retry-After"), d.now()); ok {
			return sdk.RetryAfter(err, wait)
		}
	}
	return err
}

// retryAfter reads a Retry-After header, seconds or a date. It tells whether the header makes sense.
func retryAfter(header string, now time.Time) (time.Duration, bool) {
	wait := time.Duration(0)
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = max(0, at.Sub(now))
	} else {
		return 0, false
	}
	return min(wait, maxRetryAfter), true
}

// withoutURL takes the URL out of an error of net/http, as subscribers' URLs tend to carry tokens.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
