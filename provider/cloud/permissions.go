package cloud

import (
	"encoding/json"
	"slices"
	"strings"

	awspolicy "github.com/hashicorp/awspolicyequivalence"
)

// Permissions are what a function may do, and nothing else.
type Permissions struct {
	// LogGroup is the ARN of the log group that the function writes to.
	LogGroup string
	// Consume are the ARNs of the queues that the function's mappings read.
	Consume []string
	// Send are the ARNs of the queues that the function sends to, dead-letter queues among them.
	Send []string
	// Secrets are the ARNs of the secrets that the function reads.
	Secrets []string
	// DecryptKeys are the ARNs of the KMS keys that encrypt what the function reads: messages and secrets.
	DecryptKeys []string
	// EncryptKeys are the ARNs of the KMS keys that encrypt what the function sends.
	EncryptKeys []string
	// VPC is whether the function has network interfaces in a VPC.
	VPC bool
	// Tracing is whether the function sends traces to X-Ray.
	Tracing bool
	// Extra are further statements, each as JSON.
	Extra []json.RawMessage
}

// Union returns what p or q permit. It is what a function needs while it changes from one to the other.
func (p Permissions) Union(q Permissions) Permissions {
	union := Permissions{
		LogGroup:    q.LogGroup,
		Consume:     joined(p.Consume, q.Consume),
		Send:        joined(p.Send, q.Send),
		Secrets:     joined(p.Secrets, q.Secrets),
		DecryptKeys: joined(p.DecryptKeys, q.DecryptKeys),
		EncryptKeys: joined(p.EncryptKeys, q.EncryptKeys),
		VPC:         p.VPC || q.VPC,
		Tracing:     p.Tracing || q.Tracing,
		Extra:       slices.Clone(q.Extra),
	}
	for _, statement := range p.Extra {
		if !slices.ContainsFunc(q.Extra, func(other json.RawMessage) bool { return string(other) == string(statement) }) {
			union.Extra = append(union.Extra, statement)
		}
	}
	return union
}

// Keep returns p with the keys of a document that p's Document was, and with the queues that it may send to but for those that are named.
func (p Permissions) Keep(document string, named []string) Permissions {
	var policy struct{ Statement []policyStatement }
	if err := json.Unmarshal([]byte(document), &policy); err != nil {
		return p // it is somebody else's
	}
	for _, statement := range policy.Statement {
		switch statement.Sid {
		case sidDecrypt:
			p.DecryptKeys = joined(p.DecryptKeys, statement.Resource)
		case sidEncrypt:
			p.EncryptKeys = joined(p.EncryptKeys, statement.Resource)
		case sidSend:
			others := slices.DeleteFunc(statement.Resource, func(arn string) bool { return slices.Contains(named, arn) })
			p.Send = joined(p.Send, others)
		}
	}
	return p
}

// Sids of the statements that are read again.
const (
	sidSend    = "Send"
	sidDecrypt = "Decrypt"
	sidEncrypt = "Encrypt"
)

func joined(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

// IsKey reports whether a queue's or secret's key is one that has to be permitted. AWS's own need not be, and aliases cannot be.
func IsKey(key string) bool { return strings.HasPrefix(key, "arn:") && strings.Contains(key, ":key/") }

type policyStatement struct {
	Sid      string
	Effect   string
	Action   []string
	Resource []string
}

// Document returns p as an IAM policy. The same permissions give the same document.
func (p Permissions) Document() string {
	var list []any
	allow := func(sid string, resources []string, actions ...string) {
		if len(resources) > 0 {
			list = append(list, policyStatement{Sid: sid, Effect: "Allow", Action: actions, Resource: joined(resources, nil)})
		}
	}
	anything := func(wanted bool) []string {
		if !wanted {
			return nil
		}
		return []string{"*"}
	}
	allow("Logs", []string{p.LogGroup + ":*"}, "logs:CreateLogStream", "logs:PutLogEvents")
	allow("Consume", p.Consume, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility",
		"sqs:GetQueueAttributes", "sqs:GetQueueUrl")
	allow(sidSend, p.Send, "sqs:SendMessage", "sqs:GetQueueUrl")
	allow(sidDecrypt, p.DecryptKeys, "kms:Decrypt")
	allow(sidEncrypt, p.EncryptKeys, "kms:Decrypt", "kms:GenerateDataKey")
	allow("Secrets", p.Secrets, "secretsmanager:GetSecretValue")
	// The batch call returns only what GetSecretValue is allowed for; it takes no resource of its own. Nor do the others.
	allow("SecretsBatch", anything(len(p.Secrets) > 0), "secretsmanager:BatchGetSecretValue")
	allow("Network", anything(p.VPC), "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
		"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses")
	allow("Tracing", anything(p.Tracing), "xray:PutTelemetryRecords", "xray:PutTraceSegments")
	for _, statement := range p.Extra {
		list = append(list, statement)
	}
	return encodePolicy(list...)
}

func encodePolicy(statements ...any) string {
	document, err := json.Marshal(struct {
		Version   string
		Statement []any
	}{"2012-10-17", statements})
	if err != nil {
		panic(err) // strings and valid JSON always marshal
	}
	return string(document)
}

// SamePolicy reports whether two policy documents say the same, however they are written. Neither is one that is none.
func SamePolicy(a, b string) bool {
	if a == b {
		return true
	}
	same, err := awspolicy.PoliciesAreEquivalent(a, b)
	return err == nil && same
}
