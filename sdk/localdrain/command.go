//go:build !lambda

package localdrain

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/sync/errgroup"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

// Command adds "backend local-drain [-handlers a,b] [-prefix p]", which runs until SIGINT or SIGTERM. Batches that are being
// handled then are ended by their context; what they had not finished comes back to the queue.
func Command(options ...Option) sdk.AppOption {
	s := &settings{consumes: make(map[string][]string)}
	for _, option := range options {
		option(s)
	}
	return sdk.Command("local-drain", "[-handlers A,B] [-prefix PREFIX]  run handlers here, each consuming its queues", s.run)
}

func (s *settings) run(ctx context.Context, app *sdk.App, args []string) error {
	flags := flag.NewFlagSet("backend local-drain", flag.ContinueOnError)
	only := flags.String("handlers", "", "the `names` of the handlers to run, separated by commas; all if empty")
	prefix := flags.String("prefix", "", "what the `names` of queues begin with that are not in HANDLER_QUEUES")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("backend local-drain takes no arguments, but was given %q", flags.Args())
	}
	for handler := range s.consumes {
		if _, ok := app.Describe().Handlers[handler]; !ok {
			return fmt.Errorf("localdrain.Consume names %q, which is no handler of the app", handler)
		}
	}
	handlers, err := choose(app, *only)
	if err != nil {
		return err
	}
	known, err := environ.ParseQueues(os.Getenv("HANDLER_QUEUES"))
	if err != nil {
		return err
	}
	loaded, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("load the AWS configuration: %w", err)
	}
	d := &drain{client: sqs.NewFromConfig(loaded), queues: known, prefix: *prefix, goroutines: newGoroutines(sdk.Logger(ctx))}
	pollers, err := s.pollers(ctx, d, app, handlers)
	if err != nil {
		return err
	}
	ctx = environ.NewContext(ctx, &environ.Environment{SQS: d.client, QueueURL: d.queues.URL})
	defer d.goroutines.close()
	var running errgroup.Group
	for _, p := range pollers {
		running.Go(func() error { p.poll(ctx); return nil })
	}
	return running.Wait()
}

// choose returns the handlers that a list names, or all.
func choose(app *sdk.App, list string) ([]string, error) {
	all := slices.Sorted(maps.Keys(app.Describe().Handlers))
	if list == "" {
		if len(all) == 0 {
			return nil, errors.New("the app has no handlers to run: add sdk.Handler")
		}
		return all, nil
	}
	var chosen []string
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); !slices.Contains(all, name) {
			return nil, fmt.Errorf("the app has no handler %q (it has %s)", name, strings.Join(all, ", "))
		}
		chosen = append(chosen, name)
	}
	return chosen, nil
}

// pollers finds every queue that the handlers consume or send to, so that one that is missing is told at once.
func (s *settings) pollers(ctx context.Context, d *drain, app *sdk.App, handlers []string) ([]*poller, error) {
	var pollers []*poller
	for _, handler := range handlers {
		invoker, err := app.Invoker(handler)
		if err != nil {
			return nil, err
		}
		labels, ok := s.consumes[handler]
		if !ok {
			labels = []string{handler}
		}
		described := app.Describe().Handlers[handler]
		for _, label := range labels {
			p, err := d.poller(ctx, label, described.BatchSize)
			if err != nil {
				return nil, fmt.Errorf("handler %q consumes queue %q: %w", handler, label, err)
			}
			p.handler, p.invoker = handler, invoker
			pollers = append(pollers, p)
		}
		for _, label := range described.SendTo {
			if _, err := d.find(ctx, label); err != nil {
				return nil, fmt.Errorf("handler %q sends to queue %q: %w", handler, label, err)
			}
		}
	}
	return pollers, nil
}
