package scheduler

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/expression"
)

const (
	maxName        = 64
	maxDescription = 512
	maxExpression  = 256
	maxGroupID     = 128
	maxInput       = 256 << 10       // bytes
	pastStart      = 5 * time.Minute // how long ago a StartDate may be
)

const (
	namePattern  = `^[0-9a-zA-Z-_.]+$`
	rolePattern  = `^arn:aws(-[a-z]+)?:iam::\d{12}:role\/[\w+=,.@\/-]+$`
	keyPattern   = `^arn:aws(-[a-z]+)?:kms:[a-z0-9\-]+:\d{12}:(key|alias)\/[0-9a-zA-Z-_]*$`
	queuePattern = `^arn:aws(-[a-z]+)?:sqs:[a-z0-9\-]+:\d{12}:[a-zA-Z0-9\-_]+$`
)

var (
	names       = regexp.MustCompile(namePattern)
	roleARNs    = regexp.MustCompile(rolePattern)
	keyARNs     = regexp.MustCompile(keyPattern)
	deadLetters = regexp.MustCompile(queuePattern)
	targets     = regexp.MustCompile(strings.TrimSuffix(queuePattern, "$") + `(\.fifo)?$`)
)

// violated is the answer to a value that breaks one constraint of the API's model.
func violated(value any, parameter, constraint string) error {
	return invalid("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, parameter, constraint)
}

func missing(parameter string) error {
	return invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", parameter)
}

func matches(value, parameter string, pattern *regexp.Regexp) error {
	if !pattern.MatchString(value) {
		return violated(value, parameter, "Member must satisfy regular expression pattern: "+pattern.String())
	}
	return nil
}

func oneOf(value, parameter string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return violated(value, parameter, "Member must satisfy enum value set: ["+strings.Join(allowed, ", ")+"]")
	}
	return nil
}

func atMost(value, parameter string, length int) error {
	if len([]rune(value)) > length {
		return violated(value, parameter, fmt.Sprintf("Member must have length less than or equal to %d", length))
	}
	return nil
}

func within(value *int, parameter string, least, most int) error {
	switch {
	case value == nil:
	case *value < least:
		return violated(*value, parameter, fmt.Sprintf("Member must have value greater than or equal to %d", least))
	case *value > most:
		return violated(*value, parameter, fmt.Sprintf("Member must have value less than or equal to %d", most))
	}
	return nil
}

func checkName(name, parameter string) error {
	if err := atMost(name, parameter, maxName); err != nil {
		return err
	}
	return matches(name, parameter, names)
}

// first returns the first error there is.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// validate checks what can be checked without knowing other schedules, and reads the expression.
func (in *ScheduleInput) validate(now time.Time) (expression.Expression, error) {
	switch {
	case in.FlexibleTimeWindow == nil:
		return expression.Expression{}, missing("flexibleTimeWindow")
	case in.ScheduleExpression == "":
		return expression.Expression{}, missing("scheduleExpression")
	case in.Target == nil:
		return expression.Expression{}, missing("target")
	}
	err := first(
		checkName(in.Name, "name"),
		atMost(in.Description, "description", maxDescription),
		atMost(in.ScheduleExpression, "scheduleExpression", maxExpression),
		oneOf(in.State, "state", "ENABLED", "DISABLED"),
		oneOf(in.ActionAfterCompletion, "actionAfterCompletion", "NONE", "DELETE"),
		in.FlexibleTimeWindow.validate(),
		in.Target.validate(),
	)
	if err == nil && in.KmsKeyArn != "" {
		err = matches(in.KmsKeyArn, "kmsKeyArn", keyARNs)
	}
	if err != nil {
		return expression.Expression{}, err
	}
	zone, err := expression.Zone(in.ScheduleExpressionTimezone)
	if err != nil {
		return expression.Expression{}, invalid("Invalid Schedule Expression Timezone %s.", in.ScheduleExpressionTimezone)
	}
	parsed, err := expression.Parse(in.ScheduleExpression, zone)
	if err != nil {
		return expression.Expression{}, invalid("Invalid Schedule Expression %s.", in.ScheduleExpression)
	}
	return parsed, in.validateDates(parsed, now)
}

// validateDates checks when a schedule begins and ends, which a schedule that fires once ignores.
func (in *ScheduleInput) validateDates(parsed expression.Expression, now time.Time) error {
	start, end := in.StartDate, in.EndDate
	switch {
	case parsed.Once():
	case !start.IsZero() && start.Before(now.Add(-pastStart)):
		return invalid("The StartDate you specify cannot be earlier than 5 minutes ago.")
	case !start.IsZero() && !end.IsZero() && !start.Before(end.Time):
		return invalid("The StartDate you specify must be earlier than the EndDate.")
	}
	return nil
}

func (w *FlexibleTimeWindow) validate() error {
	if err := oneOf(w.Mode, "flexibleTimeWindow.mode", "OFF", "FLEXIBLE"); err != nil {
		return err
	}
	if err := within(w.MaximumWindowInMinutes, "flexibleTimeWindow.maximumWindowInMinutes", 1, 1440); err != nil {
		return err
	}
	if (w.Mode == "FLEXIBLE") != (w.MaximumWindowInMinutes != nil) {
		return invalid("MaximumWindowInMinutes must be provided if and only if the mode of the flexible time window is FLEXIBLE.")
	}
	return nil
}

// validate checks a target. Queues need not exist yet, but must be in the format of their ARNs.
func (t *Target) validate() error {
	err := first(
		matches(t.RoleArn, "target.roleArn", roleARNs),
		within(t.RetryPolicy.MaximumEventAgeInSeconds, "target.retryPolicy.maximumEventAgeInSeconds", 60, 86400),
		within(t.RetryPolicy.MaximumRetryAttempts, "target.retryPolicy.maximumRetryAttempts", 0, 185),
	)
	if err == nil && t.DeadLetterConfig != nil && t.DeadLetterConfig.Arn != "" {
		err = matches(t.DeadLetterConfig.Arn, "target.deadLetterConfig.arn", deadLetters)
	}
	group := ""
	if t.SqsParameters != nil {
		group = t.SqsParameters.MessageGroupId
	}
	if err := first(err, atMost(group, "target.sqsParameters.messageGroupId", maxGroupID)); err != nil {
		return err
	}
	switch fifo := strings.HasSuffix(t.Arn, ".fifo"); {
	case !targets.MatchString(t.Arn):
		return invalid("Provided Arn is not in correct format. localaws takes the ARN of an SQS queue only.")
	case fifo && group == "":
		return invalid("MessageGroupId is required for FIFO queues.")
	case !fifo && group != "":
		return invalid("MessageGroupId is not supported for standard queues.")
	case t.Input == "":
		return invalid("Input is required for SQS targets.")
	case len(t.Input) > maxInput:
		return invalid("Input must have at most %d bytes.", maxInput)
	}
	return nil
}
