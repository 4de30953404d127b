package sdk_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

// BenchmarkSendAll sends 1000 events to a queue of localaws: with SendAll, and with a loop of SendMessage that sends the same bodies, in
// turn. It reports the medians, in events per second, and their ratio.
func BenchmarkSendAll(b *testing.B) {
	const total, rounds = 1000, 5
	server, err := localaws.New(localaws.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := server.Close(); err != nil {
			b.Error(err)
		}
	})
	client := sqs.NewFromConfig(server.Config())
	queue, err := client.CreateQueue(b.Context(), &sqs.CreateQueueInput{QueueName: aws.String("jobs")})
	if err != nil {
		b.Fatal(err)
	}
	sending := func(client environ.SQS, url string) func() error {
		queues := environ.Queues{"jobs": url}
		ctx := sdk.New("acme").Context(environ.NewContext(b.Context(), &environ.Environment{SQS: client, QueueURL: queues.URL}))
		events := make([]sdk.Outgoing, total)
		for i := range events {
			events[i] = sdk.Outgoing{Type: "order.placed", Data: strings.Repeat("x", i)}
		}
		return func() error { return sdk.SendAll(ctx, "jobs", events...) }
	}
	recorded := newFakeSQS() // the bodies that SendAll makes
	if err := sending(recorded, "https://sqs/jobs")(); err != nil {
		b.Fatal(err)
	}
	sendAll := sending(client, *queue.QueueUrl)
	loop := func() error {
		for _, batch := range recorded.batches {
			for _, entry := range batch.Entries {
				if _, err := client.SendMessage(b.Context(), &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: entry.MessageBody}); err != nil {
					return err
				}
			}
		}
		return nil
	}
	rate := func(send func() error) float64 {
		began := time.Now()
		if err := send(); err != nil {
			b.Fatal(err)
		}
		return total / time.Since(began).Seconds()
	}
	var ours, theirs []float64
	for b.Loop() {
		for range rounds {
			ours, theirs = append(ours, rate(sendAll)), append(theirs, rate(loop))
		}
	}
	median := func(rates []float64) float64 {
		slices.Sort(rates)
		return rates[len(rates)/2]
	}
	b.ReportMetric(median(ours), "sendall-events/s")
	b.ReportMetric(median(theirs), "sendmessage-events/s")
	b.ReportMetric(median(ours)/median(theirs), "sendall/sendmessage")
	b.ReportMetric(0, "ns/op")
}
