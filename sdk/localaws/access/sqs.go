package access

import (
	"net/http"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/iam"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// SQS guards the SQS API.
func (g *Guard) SQS(next http.Handler) http.Handler {
	return g.protect(next, readJSON, g.queuePermissions, g.refuseJSON("1.0", wire.Error{
		Code: "com.amazon.coral.service#AccessDeniedException", Query: "AccessDenied", Status: http.StatusForbidden,
	}))
}

// queuePermissions says what an operation on a queue needs. A batch needs what one of its entries does.
func (g *Guard) queuePermissions(c call) []permission {
	in := decode[struct {
		QueueURL   string `json:"QueueUrl"`
		QueueName  string
		SourceARN  string `json:"SourceArn"`
		TaskHandle string
	}](c)
	queue := in.SourceARN
	switch {
	case in.TaskHandle != "":
		queue = sqs.TaskSource(in.TaskHandle)
	case queue == "":
		queue = wire.ARN(c.ctx, "sqs", afterLast(strings.TrimSuffix(in.QueueURL, "/"), "/")+in.QueueName)
	}
	return []permission{g.queuePermission(strings.TrimSuffix(c.operation, "Batch"), queue)}
}

func (g *Guard) queuePermission(operation, queueARN string) permission {
	p := on("sqs:"+operation, queueARN)
	p.policy = g.config.Queues.Policy(queueARN)
	return p
}

// MayConsume tells whether a function's role lets Lambda feed the function from a queue. The error is what Lambda answers to whoever
// wants it to.
func (g *Guard) MayConsume(roleARN, functionARN, queueARN string) error {
	session := iam.Session{RoleARN: roleARN, FunctionARN: functionARN}
	region := strings.Split(functionARN, ":")[3]
	for _, operation := range []string{"ReceiveMessage", "DeleteMessage", "GetQueueAttributes"} {
		if g.refusal(session, region, g.queuePermission(operation, queueARN)) != "" {
			return wire.Errorf("InvalidParameterValueException",
				"The provided execution role does not have permissions to call %s on SQS", operation)
		}
	}
	return nil
}

// Changed returns a channel that is closed when a role may have come to be allowed more, or less.
func (g *Guard) Changed() <-chan struct{} { return g.config.Roles.Changed() }

func afterLast(text, separator string) string { return text[strings.LastIndex(text, separator)+1:] }
