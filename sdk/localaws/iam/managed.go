package iam

import (
	"slices"
	"strings"
)

const managedPrefix = "arn:aws:iam::aws:policy/"

// managedPolicies are the policies of AWS that localaws looks into, by what follows managedPrefix in their ARN: what they say about the
// services that are here.
var managedPolicies = map[string]policy{
	"AdministratorAccess": allowing("*"),
	"PowerUserAccess": {Statement: statements{
		{Effect: "Allow", NotAction: texts{"iam:*", "organizations:*", "account:*"}, Resource: texts{"*"}},
		{Effect: "Allow", Action: texts{"iam:ListRoles"}, Resource: texts{"*"}},
	}},
	"SecretsManagerReadWrite": {Statement: slices.Concat(
		allowing("secretsmanager:*", "kms:DescribeKey", "kms:ListAliases", "kms:ListKeys", "lambda:ListFunctions").Statement,
		statements{{
			Effect: "Allow",
			Action: texts{
				"lambda:AddPermission", "lambda:CreateFunction", "lambda:GetFunction", "lambda:InvokeFunction",
				"lambda:UpdateFunctionConfiguration",
			},
			Resource: texts{"arn:aws:lambda:*:*:function:SecretsManager*"},
		}},
	)},
	"service-role/AWSLambdaBasicExecutionRole":     allowing(writeLogs...),
	"service-role/AWSLambdaVPCAccessExecutionRole": allowing(writeLogs...),
	"service-role/AWSLambdaSQSQueueExecutionRole": allowing(
		append([]string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}, writeLogs...)...),
}

var writeLogs = []string{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}

// allowing is a policy that allows actions on everything.
func allowing(actions ...string) policy {
	return policy{Statement: statements{{Effect: "Allow", Action: actions, Resource: texts{"*"}}}}
}

// managed finds a policy by its ARN. One that localaws does not know allows nothing.
func (s *Service) managed(arn string) policy {
	name, _ := strings.CutPrefix(arn, managedPrefix)
	p, ok := managedPolicies[name]
	if !ok {
		s.warn("policy " + arn)
	}
	return p
}
