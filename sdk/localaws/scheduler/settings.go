package scheduler

import (
	"cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// Settings are what creating and updating a schedule sets, all of it each time.
type Settings struct {
	ActionAfterCompletion      string
	Description                string     `json:",omitempty"`
	EndDate                    wire.Epoch `json:",omitzero"`
	FlexibleTimeWindow         *FlexibleTimeWindow
	KmsKeyArn                  string `json:",omitempty"`
	ScheduleExpression         string
	ScheduleExpressionTimezone string
	StartDate                  wire.Epoch `json:",omitzero"`
	State                      string
	Target                     *Target
}

// FlexibleTimeWindow says within how many minutes of its time (1 to 1,440) a schedule may fire.
type FlexibleTimeWindow struct {
	Mode                   string
	MaximumWindowInMinutes *int `json:",omitempty"`
}

// Target is the queue that a schedule sends to, and how.
type Target struct {
	Arn              string
	RoleArn          string
	Input            string            `json:",omitempty"`
	DeadLetterConfig *DeadLetterConfig `json:",omitempty"`
	RetryPolicy      *RetryPolicy      `json:",omitempty"`
	SqsParameters    *SqsParameters    `json:",omitempty"`
}

// DeadLetterConfig names the queue for what could not be delivered.
type DeadLetterConfig struct {
	Arn string `json:",omitempty"`
}

// RetryPolicy is kept and answered; nothing is tried again.
type RetryPolicy struct {
	MaximumEventAgeInSeconds *int `json:",omitempty"` // 60 to 86,400
	MaximumRetryAttempts     *int `json:",omitempty"` // 0 to 185
}

// SqsParameters are what FIFO queues need besides the message.
type SqsParameters struct {
	MessageGroupId string `json:",omitempty"`
}

func (in *ScheduleInput) setDefaults() {
	in.GroupName = cmp.Or(in.GroupName, defaultGroup)
	in.State = cmp.Or(in.State, "ENABLED")
	in.ScheduleExpressionTimezone = cmp.Or(in.ScheduleExpressionTimezone, "UTC")
	in.ActionAfterCompletion = cmp.Or(in.ActionAfterCompletion, "NONE")
	if in.Target == nil {
		return
	}
	target, age, attempts := *in.Target, 86400, 185
	if target.RetryPolicy != nil {
		if given := target.RetryPolicy.MaximumEventAgeInSeconds; given != nil {
			age = *given
		}
		if given := target.RetryPolicy.MaximumRetryAttempts; given != nil {
			attempts = *given
		}
	}
	target.RetryPolicy = &RetryPolicy{&age, &attempts}
	in.Target = &target
}
