package scheduler_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/iam"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/scheduler"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const (
	roleARN  = "arn:aws:iam::000000000000:role/schedule"
	queueARN = "arn:aws:sqs:eu-west-1:000000000000:"
	trust    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"scheduler.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
)

// bench is a scheduler with a role and the queues cron, dead and cron.fifo, in a bubble whose clock starts at midnight UTC 2000-01-01.
type bench struct {
	*scheduler.Service

	t      *testing.T
	ctx    context.Context
	queues *sqs.Service
	roles  *iam.Service
}

func inBubble(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		b := &bench{t: t, ctx: wire.WithRegion(t.Context(), "eu-west-1"), queues: sqs.New(log), roles: iam.New(log)}
		b.Service = scheduler.New(b.queues, b.roles, log)
		defer b.Close()
		if _, err := b.roles.CreateRole(b.ctx, iam.CreateRoleInput{RoleName: "schedule", AssumeRolePolicyDocument: trust}); err != nil {
			t.Fatal(err)
		}
		for name, attributes := range map[string]map[string]string{
			"cron": nil, "dead": nil, "cron.fifo": {"FifoQueue": "true", "ContentBasedDeduplication": "true"},
		} {
			if _, err := b.queues.CreateQueue(b.ctx, sqs.CreateQueueInput{QueueName: name, Attributes: attributes}); err != nil {
				t.Fatal(err)
			}
		}
		test(t, b)
	})
}

// create makes a schedule that sends the time of each firing to the queue cron, after change.
func (b *bench) create(expression string, change func(in *scheduler.ScheduleInput)) {
	b.t.Helper()
	if _, err := b.CreateSchedule(b.ctx, input(expression, change)); err != nil {
		b.t.Fatal(err)
	}
}

func input(expression string, change func(in *scheduler.ScheduleInput)) scheduler.ScheduleInput {
	in := scheduler.ScheduleInput{Name: "test", Settings: scheduler.Settings{
		ScheduleExpression: expression,
		FlexibleTimeWindow: &scheduler.FlexibleTimeWindow{Mode: "OFF"},
		Target:             &scheduler.Target{Arn: queueARN + "cron", RoleArn: roleARN, Input: "<aws.scheduler.scheduled-time>"},
	}}
	if change != nil {
		change(&in)
	}
	return in
}

// received takes all messages out of a queue after some time has passed.
func (b *bench) received(queue string, after time.Duration) string {
	b.t.Helper()
	time.Sleep(after)
	synctest.Wait()
	messages, err := b.queues.Receive(b.ctx, queueARN+queue, 1000, 0, time.Hour)
	if err != nil {
		b.t.Fatal(err)
	}
	var bodies, handles []string
	for _, message := range messages {
		bodies, handles = append(bodies, message.Body), append(handles, message.ReceiptHandle)
	}
	if err := b.queues.Delete(b.ctx, queueARN+queue, handles); err != nil {
		b.t.Fatal(err)
	}
	return strings.Join(bodies, " ")
}

func at(offset time.Duration) wire.Epoch { return wire.Epoch{Time: time.Now().Add(offset)} }

func TestSchedulesFire(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, expression string
		change           func(in *scheduler.ScheduleInput)
		want             string // within 6 minutes
	}{
		{"rate", "rate(2 minutes)", nil, "2000-01-01T00:00:00Z 2000-01-01T00:02:00Z 2000-01-01T00:04:00Z 2000-01-01T00:06:00Z"},
		{"cron", "cron(1-3 0 1 JAN ? *)", nil, "2000-01-01T00:01:00Z 2000-01-01T00:02:00Z 2000-01-01T00:03:00Z"},
		{
			"cron in a time zone", "cron(5 1 * * ? *)",
			func(in *scheduler.ScheduleInput) { in.ScheduleExpressionTimezone = "Europe/Berlin" }, "2000-01-01T00:05:00Z",
		},
		{"at", "at(2000-01-01T00:00:07)", nil, "2000-01-01T00:00:07Z"},
		{"at in the past", "at(1999-12-31T23:59:59)", nil, ""},
		{"disabled", "rate(1 minute)", func(in *scheduler.ScheduleInput) { in.State = "DISABLED" }, ""},
		{
			"start and end", "rate(1 minute)",
			func(in *scheduler.ScheduleInput) { in.StartDate, in.EndDate = at(150*time.Second), at(270*time.Second) },
			"2000-01-01T00:02:30Z 2000-01-01T00:03:30Z 2000-01-01T00:04:30Z",
		},
		{
			"start and end of a cron", "cron(* * * * ? *)",
			func(in *scheduler.ScheduleInput) { in.StartDate, in.EndDate = at(2*time.Minute), at(3*time.Minute) },
			"2000-01-01T00:02:00Z 2000-01-01T00:03:00Z",
		},
		{
			"at ignores start and end", "at(2000-01-01T00:01:00)",
			func(in *scheduler.ScheduleInput) { in.StartDate, in.EndDate = at(time.Hour), at(time.Second) }, "2000-01-01T00:01:00Z",
		},
		{
			"flexible window", "cron(1 0 * * ? *)",
			func(in *scheduler.ScheduleInput) {
				minutes := 5
				in.FlexibleTimeWindow = &scheduler.FlexibleTimeWindow{Mode: "FLEXIBLE", MaximumWindowInMinutes: &minutes}
			},
			"2000-01-01T00:01:00Z",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bench) {
				b.create(test.expression, test.change)
				if got := b.received("cron", 6*time.Minute); got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
			})
		})
	}
}

func TestContextAttributesAreReplaced(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.create("rate(1 minute)", func(in *scheduler.ScheduleInput) {
			in.Target.Arn, in.Target.SqsParameters = queueARN+"cron.fifo", &scheduler.SqsParameters{MessageGroupId: "g"}
			in.Target.Input = `{"arn":"<aws.scheduler.schedule-arn>","id":"<aws.scheduler.execution-id>","n":<aws.scheduler.attempt-number>}`
		})
		ids := map[string]bool{}
		for range 2 {
			var got struct {
				Arn, ID string
				N       int
			}
			if err := json.Unmarshal([]byte(b.received("cron.fifo", time.Minute-time.Second)), &got); err != nil {
				t.Fatal(err)
			}
			ids[got.ID] = true
			if got.Arn != "arn:aws:scheduler:eu-west-1:000000000000:schedule/default/test" || got.N != 1 ||
				!regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(got.ID) {
				t.Errorf("got %+v", got)
			}
		}
		if len(ids) != 2 {
			t.Errorf("two firings had the IDs %v", ids)
		}
	})
}

func TestUpdatesTakeEffectAtOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		update := func(expression string, change func(in *scheduler.ScheduleInput)) {
			t.Helper()
			if _, err := b.UpdateSchedule(b.ctx, input(expression, change)); err != nil {
				t.Fatal(err)
			}
		}
		b.create("rate(10 minutes)", nil)
		b.received("cron", time.Minute)
		update("rate(10 minutes)", func(in *scheduler.ScheduleInput) { in.Description = "goes on as before" })
		if got := b.received("cron", 10*time.Minute); got != "2000-01-01T00:10:00Z" {
			t.Errorf("same rate: got %s", got)
		}
		update("cron(12 0 * * ? *)", nil)
		if got := b.received("cron", 10*time.Minute); got != "2000-01-01T00:12:00Z" {
			t.Errorf("cron: got %s", got)
		}
		update("rate(10 minutes)", func(in *scheduler.ScheduleInput) { in.State = "DISABLED" })
		if got := b.received("cron", time.Hour); got != "" {
			t.Errorf("disabled: got %s", got)
		}
		update("at(2000-01-01T02:00:00)", nil)
		if _, err := b.DeleteSchedule(b.ctx, scheduler.NameInput{Name: "test"}); err != nil {
			t.Fatal(err)
		}
		if got := b.received("cron", time.Hour); got != "" {
			t.Errorf("deleted: got %s", got)
		}
	})
}

func TestActionAfterCompletion(t *testing.T) {
	t.Parallel()
	for action, gone := range map[string]bool{"DELETE": true, "NONE": false} {
		inBubble(t, func(t *testing.T, b *bench) {
			b.create("at(2000-01-01T00:01:00)", func(in *scheduler.ScheduleInput) { in.ActionAfterCompletion = action })
			b.received("cron", time.Minute)
			if _, err := b.GetSchedule(b.ctx, scheduler.NameInput{Name: "test"}); (err != nil) != gone {
				t.Errorf("%s: got %v", action, err)
			}
		})
	}
}

func TestWhatCannotBeDeliveredIsDeadLettered(t *testing.T) {
	t.Parallel()
	dead := func(in *scheduler.ScheduleInput) {
		in.Target.DeadLetterConfig = &scheduler.DeadLetterConfig{Arn: queueARN + "dead"}
	}
	inBubble(t, func(t *testing.T, b *bench) {
		b.create("at(2000-01-01T00:01:00)", func(in *scheduler.ScheduleInput) {
			dead(in)
			in.Target.Arn = queueARN + "missing"
		})
		if got := b.received("dead", time.Minute); got != "2000-01-01T00:01:00Z" {
			t.Errorf("missing queue: got %s", got)
		}
	})
	inBubble(t, func(t *testing.T, b *bench) {
		b.create("at(2000-01-01T00:01:00)", dead)
		if _, err := b.roles.DeleteRole(b.ctx, iam.RoleNameInput{RoleName: "schedule"}); err != nil {
			t.Fatal(err)
		}
		if got := b.received("dead", time.Minute); got != "2000-01-01T00:01:00Z" {
			t.Errorf("missing role: got %s", got)
		}
	})
}
