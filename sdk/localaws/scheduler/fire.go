package scheduler

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// startLocked lets a schedule fire in the background whenever its time has come after the given one, until it is stopped.
func (s *Service) startLocked(sc *schedule, after time.Time) {
	var ctx context.Context
	ctx, sc.stop = context.WithCancel(s.ctx)
	if !s.closed && sc.State == "ENABLED" {
		s.background.Go(func() { s.run(ctx, sc, after) })
	}
}

func (s *Service) run(ctx context.Context, sc *schedule, after time.Time) {
	for {
		at := sc.next(after)
		if at.IsZero() {
			s.complete(sc)
			return
		}
		timer := time.NewTimer(time.Until(at))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		s.fire(s.ctx, sc, at)
		after = at
		if now := time.Now(); now.After(at) {
			after = now // after a long sleep of the machine, what was missed is not made up for
		}
	}
}

// next returns the first firing after a time and within the schedule's dates; the zero time if there is none any more.
func (sc *schedule) next(after time.Time) time.Time {
	if sc.expression.Once() {
		return sc.expression.Next(after, sc.begin)
	}
	if before := sc.StartDate.Add(-1); !sc.StartDate.IsZero() && before.After(after) {
		after = before
	}
	at := sc.expression.Next(after, sc.begin)
	if !sc.EndDate.IsZero() && at.After(sc.EndDate.Time) {
		return time.Time{}
	}
	return at
}

// complete deletes a schedule that will not fire any more, if that is what is to happen to it.
func (s *Service) complete(sc *schedule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sc.ActionAfterCompletion == "DELETE" && s.schedules[sc.Arn] == sc {
		sc.stop()
		delete(s.schedules, sc.Arn)
	}
}

// fire sends a schedule's input to its queue, or to its dead-letter queue if that fails.
func (s *Service) fire(ctx context.Context, sc *schedule, at time.Time) {
	body := sc.body(at)
	log := s.log.With("schedule", sc.Arn, "queue", sc.Target.Arn)
	err := s.roles.AssumableByScheduler(sc.Target.RoleArn, groupOf(sc.Arn))
	if err == nil {
		err = s.send(ctx, sc.Target.Arn, sqs.Outgoing{MessageBody: body, MessageGroupID: sc.Target.groupID()})
	}
	if err == nil {
		log.DebugContext(ctx, "schedule fired", "scheduled", at)
		return
	}
	log.WarnContext(ctx, "schedule failed to fire", "scheduled", at, "error", err)
	if config := sc.Target.DeadLetterConfig; config != nil && config.Arn != "" {
		if err := s.send(ctx, config.Arn, sqs.Outgoing{MessageBody: body, MessageAttributes: whyDead(sc, err)}); err != nil {
			log.WarnContext(ctx, "dead letter is lost", "dead_letter_queue", config.Arn, "error", err)
		}
	}
}

// whyDead tells as Scheduler does why a message is in a dead-letter queue.
func whyDead(sc *schedule, err error) map[string]sqs.MessageAttributeValue {
	answer := wire.AsError(err)
	attributes := map[string]sqs.MessageAttributeValue{}
	for name, value := range map[string]string{
		"SCHEDULE_ARN": sc.Arn, "TARGET_ARN": sc.Target.Arn, "ERROR_CODE": answer.Code, "ERROR_MESSAGE": answer.Message,
	} {
		attributes[name] = sqs.MessageAttributeValue{DataType: "String", StringValue: &value}
	}
	return attributes
}

func (s *Service) send(ctx context.Context, queueARN string, message sqs.Outgoing) error {
	parts := strings.Split(queueARN, ":")
	region, account, name := parts[3], parts[4], parts[5]
	_, err := s.queues.SendMessage(wire.WithRegion(ctx, region), sqs.SendMessageInput{QueueURL: account + "/" + name, Outgoing: message})
	return err
}

func (t *Target) groupID() *string {
	if t.SqsParameters == nil || t.SqsParameters.MessageGroupId == "" {
		return nil
	}
	return &t.SqsParameters.MessageGroupId
}

// body is the input with its context attributes replaced.
func (sc *schedule) body(at time.Time) string {
	id := make([]byte, 8)
	_, _ = rand.Read(id) // never fails
	return strings.NewReplacer(
		"<aws.scheduler.schedule-arn>", sc.Arn,
		"<aws.scheduler.scheduled-time>", at.UTC().Format(time.RFC3339),
		"<aws.scheduler.execution-id>", hex.EncodeToString(id),
		"<aws.scheduler.attempt-number>", "1",
	).Replace(sc.Target.Input)
}
