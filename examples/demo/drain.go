package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// drain waits until the queues are empty, and then until the logs tell of every event that the app owes.
func (d *demo) drain(ctx context.Context) error {
	if err := d.waitEmpty(ctx); err != nil {
		return err
	}
	return d.waitLogged(ctx)
}

// waitEmpty waits until no queue holds a message. As it looks at the queues in the order in which events pass them, and an
// event leaves a queue only after what follows from it is on the next, none can slip through.
func (d *demo) waitEmpty(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, drainTimeout, fmt.Errorf("after %s some still hold messages", drainTimeout))
	defer cancel()
	var depths []string
	err := poll(ctx, 100*time.Millisecond, func() (bool, error) {
		var present []string
		for _, label := range labels {
			depth, err := d.cloud.depth(ctx, d.out.Queues[label])
			if err != nil {
				return false, err
			}
			if depth > 0 {
				present = append(present, fmt.Sprintf("%s %d", label, depth))
			}
		}
		depths = present
		return len(depths) == 0, nil
	})
	if ctx.Err() != nil {
		return fmt.Errorf("waiting until the queues are empty: %w: %s", context.Cause(ctx), strings.Join(depths, ", "))
	}
	return err
}

// waitLogged reads the logs until the outcome of every event of the ledger is in them. If some stay missing, that is for the
// summary to tell.
func (d *demo) waitLogged(ctx context.Context) error {
	deadline := time.Now().Add(logTimeout)
	owed := d.github.ledger()
	return poll(ctx, 200*time.Millisecond, func() (bool, error) {
		activity, err := d.cloud.activity(ctx, d.out.Functions)
		if err != nil {
			return false, err
		}
		d.activity = activity
		done := missing(owed.webhooks, activity.with("acme-webhooks", handled, deadLettered)) == 0 &&
			missing(owed.deliveries, activity.with("acme-deliveries", handled, deadLettered)) == 0 && activity.reported()
		return done || time.Now().After(deadline), nil
	})
}

// writeReport prints the tables. With brief, the first has totals only.
func (d *demo) writeReport(brief bool) {
	queues := []string{"acme-webhooks", "acme-jobs", "acme-deliveries"}
	writeTable(d.say.out, table(d.github.ledger().sent, d.activity), queues, brief)
	fmt.Fprintln(d.say.out)
	writeRuntimes(d.say.out, d.activity, queues)
	fmt.Fprintln(d.say.out)
}

// summary settles the accounts. It fails if anything was lost.
func (d *demo) summary() (string, error) {
	owed := d.github.ledger()
	done := d.activity.with("acme-webhooks", handled)
	account := d.settled
	lost := missing(owed.webhooks, done) + missing(owed.deliveries, account.Delivered)
	duplicates := 0
	for _, times := range account.Delivered {
		duplicates += times - 1
	}
	summary := fmt.Sprintf("posted=%d handled=%d delivered=%d duplicates=%d lost=%d reset=ok",
		len(owed.webhooks), len(done), len(account.Delivered), duplicates, lost)
	if lost > 0 || len(done) != len(owed.webhooks) || len(account.Delivered) != len(owed.deliveries) || account.Refused > 0 {
		return "", fmt.Errorf("the accounts do not match: %s (to be delivered: %d, signatures refused by the subscriber: %d)",
			summary, len(owed.deliveries), account.Refused)
	}
	return summary, nil
}

// subscriber is the demo's receiver, seen from outside.
type subscriber struct{ url string }

// account is what the receiver tells about itself.
type account struct {
	Delivered   map[string]int // by webhook-id: how often it was acknowledged
	Unavailable int            // answered with 503
	Gone        int            // answered with 410
	Refused     int            // answered with 401
}

func (s *subscriber) account(ctx context.Context) (account, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/account", nil)
	if err != nil {
		return account{}, fmt.Errorf("asking the receiver: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return account{}, fmt.Errorf("asking the receiver: %w", err)
	}
	defer response.Body.Close() // only read
	var told account
	if err := json.NewDecoder(response.Body).Decode(&told); err != nil {
		return account{}, fmt.Errorf("reading the receiver's answer: %w", err)
	}
	return told, nil
}

// searchSecret returns an error if any file under folder contains one of values.
func searchSecret(folder string, values []string) error {
	return filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("searching for the secret: %w", err)
		}
		if slices.ContainsFunc(values, func(value string) bool { return strings.Contains(string(content), value) }) {
			return fmt.Errorf("the secret's value is in %s", path)
		}
		return nil
	})
}
