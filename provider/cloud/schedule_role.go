package cloud

import (
	"slices"
)

// ScheduleTrust returns the trust policy of a schedule's role: Scheduler may assume it, for the schedules of this account and region.
// Scheduler names their group as the source, not the schedule.
func (c *Cloud) ScheduleTrust(account string) string {
	return encodePolicy(map[string]any{
		"Effect":    "Allow",
		"Principal": map[string]string{"Service": "scheduler.amazonaws.com"},
		"Action":    "sts:AssumeRole",
		"Condition": map[string]any{"StringEquals": map[string]string{
			"aws:SourceAccount": account,
			"aws:SourceArn":     c.ARN("scheduler", account, "schedule-group/default"),
		}},
	})
}

// SchedulePermissions are what the role of a schedule may do, and nothing else.
type SchedulePermissions struct {
	// Queues are the ARNs of the queues that the schedule sends to: one, but while it changes.
	Queues []string
	// QueueKeys are the ARNs of the KMS keys that the queues are encrypted with.
	QueueKeys []string
	// ScheduleKeys are the ARNs of the KMS keys that the schedule itself is encrypted with.
	ScheduleKeys []string
}

// Union returns what p or q permit.
func (p SchedulePermissions) Union(q SchedulePermissions) SchedulePermissions {
	return SchedulePermissions{
		Queues:       slices.Concat(p.Queues, q.Queues),
		QueueKeys:    slices.Concat(p.QueueKeys, q.QueueKeys),
		ScheduleKeys: slices.Concat(p.ScheduleKeys, q.ScheduleKeys),
	}
}

// Document returns p as an IAM policy. The same permissions give the same document.
func (p SchedulePermissions) Document() string {
	var list []any
	allow := func(sid string, resources []string, actions ...string) {
		if len(resources) > 0 {
			resources = slices.Compact(slices.Sorted(slices.Values(resources)))
			list = append(list, policyStatement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources})
		}
	}
	allow("Send", p.Queues, "sqs:SendMessage")
	allow("QueueKeys", p.QueueKeys, "kms:Decrypt", "kms:GenerateDataKey")
	allow("ScheduleKeys", p.ScheduleKeys, "kms:Decrypt")
	return encodePolicy(list...)
}
