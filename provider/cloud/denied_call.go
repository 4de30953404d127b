package cloud

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

const passRole = "iam:PassRole"

// madeCall is a call of AWS, as far as IAM's policies look at it.
type madeCall struct {
	service   string // prefix of IAM's actions
	operation string
	account   string // empty for that of the credentials
	input     any    // of the operation
}

// servicePrefixes are those of IAM's actions where they are not the service's name in lower case.
var servicePrefixes = map[string]string{"CloudWatch Logs": "logs", "Secrets Manager": "secretsmanager"}

// otherActions are those that are not named like the operation.
var otherActions = map[string]string{
	"lambda:Invoke":                    "lambda:InvokeFunction",
	"lambda:InvokeWithResponseStream":  "lambda:InvokeFunction",
	"sqs:SendMessageBatch":             "sqs:SendMessage",
	"sqs:DeleteMessageBatch":           "sqs:DeleteMessage",
	"sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}

// callOf returns the call of an operation, by the names that AWS's SDK has for it and its service.
func callOf(service, operation string, input any) madeCall {
	prefix := cmp.Or(servicePrefixes[service], strings.ToLower(strings.ReplaceAll(service, " ", "")))
	return madeCall{service: prefix, operation: operation, input: input}
}

// field returns a text of the input by its name, or the only one of a list of texts. It is empty if there is none.
func (m madeCall) field(name string) string {
	value := reflect.Indirect(reflect.ValueOf(m.input))
	for part := range strings.SplitSeq(name, ".") {
		if value.Kind() != reflect.Struct {
			return ""
		}
		value = reflect.Indirect(value.FieldByName(part))
	}
	if value.Kind() == reflect.Slice && value.Len() == 1 {
		value = value.Index(0)
	}
	if value.Kind() != reflect.String {
		return ""
	}
	return value.String()
}

func (m madeCall) action() string {
	action := m.service + ":" + m.operation
	return cmp.Or(otherActions[action], action)
}

// lookedAt is how Lambda refuses a network that the caller may not see.
var lookedAt = regexp.MustCompile(`request credentials have permission to (\w+) for`)

// actionBehind returns the action of another service that a call needs and a message is about; empty if it is about the call.
func actionBehind(message string) string {
	if found := lookedAt.FindStringSubmatch(message); found != nil {
		return "ec2:" + found[1]
	}
	if strings.HasPrefix(message, "Access to KMS is not allowed") { // which Secrets Manager says of a secret's key
		return "kms:Decrypt"
	}
	return ""
}

// unscoped are actions that IAM grants for all resources or none, although their input names one.
var unscoped = []string{"lambda:CreateEventSourceMapping", "lambda:ListEventSourceMappings"}

// resources are how ARNs are made of an operation's input: the first field that is there counts. What has an ARN in it is one.
var resources = []struct{ service, field, resource string }{
	{"", "ResourceArn", "%s"},
	{"", "ResourceARN", "%s"},
	{"", "Resource", "%s"},
	{"ecr", "RepositoryName", "repository/%s"},
	{"ecr", "RepositoryNames", "repository/%s"},
	{"iam", "RoleName", "%s"},
	{"lambda", "UUID", "event-source-mapping:%s"},
	{"lambda", "FunctionName", "function:%s"},
	{"logs", "LogGroupNamePrefix", "log-group:*"}, // which is how IAM grants lists of them
	{"logs", "LogGroupName", "log-group:%s:*"},
	{"scheduler", "Name", "%s"},
	{"secretsmanager", "SecretId", "secret:%s-??????"}, // AWS ends their ARNs in six random characters
	{"sqs", "QueueUrl", "%s"},
	{"sqs", "QueueName", "%s"},
}

// resourceOf returns the ARN of what a call is about, or "*".
func (c *Cloud) resourceOf(ctx context.Context, made madeCall, action string) string {
	switch {
	case action == passRole:
		return cmp.Or(made.field("Role"), made.field("Target.RoleArn"), "*")
	case action == "kms:Decrypt":
		return c.ARN("kms", c.accountOf(ctx, made), "key/*")
	case slices.Contains(unscoped, action), strings.HasPrefix(action, "ec2:Describe"):
		return "*"
	}
	for _, known := range resources {
		name := made.field(known.field)
		if name == "" || known.service != "" && known.service != made.service {
			continue
		}
		switch {
		case strings.HasPrefix(name, "arn:"):
			return name
		case known.field == "QueueUrl":
			return cmp.Or(c.QueueARN(name), "*")
		case made.service == "scheduler":
			return c.scheduleARN(ctx, made, name)
		}
		if made.service == "iam" {
			return fmt.Sprintf("arn:%s:iam::%s:role%s%s", c.Partition, c.accountOf(ctx, made), cmp.Or(made.field("Path"), "/"), name)
		}
		return c.ARN(made.service, c.accountOf(ctx, made), strings.ReplaceAll(known.resource, "%s", name))
	}
	return "*"
}

func (c *Cloud) scheduleARN(ctx context.Context, made madeCall, name string) string {
	if strings.HasSuffix(made.operation, "ScheduleGroup") {
		return c.ARN("scheduler", c.accountOf(ctx, made), "schedule-group/"+name)
	}
	return c.ARN("scheduler", c.accountOf(ctx, made), "schedule/"+cmp.Or(made.field("GroupName"), "default")+"/"+name)
}

// accountOf returns the account that a call is about, which is any if it cannot be found out.
func (c *Cloud) accountOf(ctx context.Context, made madeCall) string {
	if named := cmp.Or(made.account, made.field("QueueOwnerAWSAccountId"), made.field("RegistryId")); named != "" {
		return named
	}
	account, err := c.Account(ctx)
	if err != nil {
		return "*"
	}
	return account
}
