package sqs

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// queuePolicy is a queue's access policy as AddPermission writes it. It binds functions only, see package access.
type queuePolicy struct {
	Version   string
	ID        string `json:"Id,omitempty"`
	Statement []json.RawMessage
}

type permission struct {
	Sid       string
	Effect    string
	Principal map[string]any
	Action    any
	Resource  string
}

// actionsToShare are the actions that AddPermission accepts (API reference), besides "*".
var actionsToShare = []string{
	"*", "SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes", "GetQueueUrl",
	"ListDeadLetterSourceQueues", "PurgeQueue",
}

// AddPermissionInput is the input of AddPermission.
type AddPermissionInput struct {
	QueueURL      string `json:"QueueUrl"`
	Label         string
	AWSAccountIDs []string `json:"AWSAccountIds"`
	Actions       []string
}

// AddPermission adds a statement to the queue's policy.
func (s *Service) AddPermission(ctx context.Context, in AddPermissionInput) (wire.Empty, error) {
	return wire.Empty{}, s.atQueue(ctx, in.QueueURL, func(q *queue, now time.Time) error {
		switch {
		case in.Label == "":
			return missing("Label")
		case len(in.AWSAccountIDs) == 0:
			return missing("AWSAccountIds")
		case len(in.Actions) == 0:
			return missing("Actions")
		}
		var principals, actions []string
		for _, account := range in.AWSAccountIDs {
			principals = append(principals, "arn:aws:iam::"+account+":root")
		}
		for _, action := range in.Actions {
			if !slices.Contains(actionsToShare, action) {
				return invalidValue("SQS:"+action, "ActionName", "Please refer to the appropriate WSDL for a list of valid actions. ")
			}
			actions = append(actions, "SQS:"+action)
		}
		policy, at, err := q.policy(in.Label)
		if err != nil {
			return err
		}
		if at >= 0 {
			return invalidValue(in.Label, "Label", "Already exists.")
		}
		statement := encodeDocument(permission{
			Sid: in.Label, Effect: "Allow", Principal: map[string]any{"AWS": oneOrMany(principals)},
			Action: oneOrMany(actions), Resource: q.arn,
		})
		policy.Statement = append(policy.Statement, json.RawMessage(statement))
		q.attributes["Policy"] = encodeDocument(policy)
		q.modified = now
		return nil
	})
}

// RemovePermissionInput is the input of RemovePermission.
type RemovePermissionInput struct {
	QueueURL string `json:"QueueUrl"`
	Label    string
}

// RemovePermission removes a statement from the queue's policy, and the policy with its last statement.
func (s *Service) RemovePermission(ctx context.Context, in RemovePermissionInput) (wire.Empty, error) {
	return wire.Empty{}, s.atQueue(ctx, in.QueueURL, func(q *queue, now time.Time) error {
		policy, at, err := q.policy(in.Label)
		if err != nil {
			return err
		}
		if at < 0 {
			return invalidValue(in.Label, "Label", "can't find label.")
		}
		policy.Statement = slices.Delete(policy.Statement, at, at+1)
		q.modified = now
		if len(policy.Statement) == 0 {
			delete(q.attributes, "Policy")
			return nil
		}
		q.attributes["Policy"] = encodeDocument(policy)
		return nil
	})
}

// policy reads q's policy, or begins one, and finds the statement with the given label: at is -1 if there is none.
func (q *queue) policy(label string) (policy queuePolicy, at int, err error) {
	policy = queuePolicy{Version: "2008-10-17", ID: q.arn + "/SQSDefaultPolicy"}
	if document := q.attributes["Policy"]; document != "" {
		var raw struct {
			Version   string
			ID        string `json:"Id"`
			Statement json.RawMessage
		}
		if err := json.Unmarshal([]byte(document), &raw); err != nil {
			return policy, -1, invalidAttributeValue("Policy", "")
		}
		policy.Version, policy.ID = raw.Version, raw.ID
		if json.Unmarshal(raw.Statement, &policy.Statement) != nil {
			policy.Statement = []json.RawMessage{raw.Statement} // a single statement needs no list
		}
	}
	at = slices.IndexFunc(policy.Statement, func(statement json.RawMessage) bool {
		var labelled struct{ Sid string }
		return json.Unmarshal(statement, &labelled) == nil && labelled.Sid == label
	})
	return policy, at, nil
}

func oneOrMany(values []string) any {
	if len(values) == 1 {
		return values[0]
	}
	return values
}
