package provider

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// cause is something that AWS blames, and what to do about it.
type cause struct {
	texts     []string // parts of what AWS says, or codes of reasons
	attribute string   // empty if none is to blame
	advice    string
}

const imageAdvice = "The image must be in an ECR repository of this region whose policy lets Lambda pull, as one manifest for the " +
	"function's architecture."

// functionCauses are what AWS is known to blame functions' attributes for. The first that fits counts.
var functionCauses = []cause{
	{[]string{"UnreservedConcurrentExecution"}, "reserved_concurrency", "Reserve less, or ask AWS for more concurrent executions in Service Quotas."},
	{[]string{"ImageDeleted"}, "image_uri", "Push the image again, and let no lifecycle policy of its repository delete images that functions run."},
	{[]string{"ImageAccessDenied", "access the ECR image"}, "image_uri", "Let the policy of the image's repository allow lambda.amazonaws.com " +
		"ecr:BatchGetImage and ecr:GetDownloadUrlForLayer; a handler_image sees to that."},
	{[]string{"Source image", "ECR image", "InvalidImage", "media type"}, "image_uri", imageAdvice},
	{[]string{"FunctionError.InvalidEntryPoint", "InvalidEntrypoint"}, "image_uri", "The image's entry point must be a program that the function's " +
		"architecture can run. Build it for that architecture, with a handler_image or from source."},
	{[]string{"FunctionError.PermissionDenied", "FunctionError.PermissionError"}, "image_uri", "The files of the image must be readable, and its entry point executable, by any user."},
	{[]string{"FunctionError"}, "image_uri", "The app ended or hung before it was ready. See its log group for what it printed."},
	{[]string{"InternalError", "EC2RequestLimitExceeded", "InsufficientCapacity", "DependencyError"}, "", "This is a failure of AWS's own. Apply again."},
	{[]string{"EniLimitExceeded"}, "vpc", "Delete network interfaces that nothing uses, or ask AWS for more of them for the VPC in Service Quotas."},
	{[]string{"SubnetOutOfIPAddresses"}, "vpc", "Free addresses in the subnets, or name larger ones in vpc.subnet_ids."},
	{[]string{"InvalidSubnet", "InvalidSecurityGroup", "The subnet ID", "security group"}, "vpc", "Name subnets and security groups that exist, all of one VPC in this region."},
	{[]string{"InsufficientRolePermissions", "execution role does not have permissions", "cannot be assumed by Lambda", "role defined for the function"}, "role_arn",
		"The role must let lambda.amazonaws.com assume it, and may do what the function needs: with vpc, also ec2:CreateNetworkInterface, " +
			"ec2:DescribeNetworkInterfaces and ec2:DeleteNetworkInterface. Without role_arn, such a role is made."},
	{[]string{"DisabledKMSKey", "DisabledException", "KMSInvalidStateException", "KMSNotFoundException", "InvalidStateKMSKey", "KMSKeyNotFound"}, "kms_key_arn",
		"Enable the key, or name another one."},
	{[]string{"KMSKeyAccessDenied", "KMSAccessDeniedException", "KMS key is invalid for CreateGrant"}, "kms_key_arn",
		"Let the key's policy allow these credentials kms:CreateGrant and the function's role kms:Decrypt."},
	{[]string{"environment variables you have provided exceeded"}, "environment", "Move values to secrets, of which only the names count."},
	{[]string{"visibility timeout"}, "queues", "Raise the queue's visibility timeout to 6 times the function's timeout, or lower timeout."},
}

// addFunctionError says which act failed on which function, and why.
func addFunctionError(diags *diag.Diagnostics, act, name string, err error) {
	summary := "Failed to " + act + " function"
	detail := fmt.Sprintf("Function %s: %s", name, sentence(err.Error())) + importHint(err, "handler_function")
	if missing, ok := errors.AsType[*missingQueueError](err); ok {
		blame(diags, missing.at, summary, detail)
		return
	}
	if cloud.IsExists(err) {
		blame(diags, path.Root("name"), summary, detail)
		return
	}
	if _, ok := errors.AsType[*cloud.UnfinishedError](err); ok {
		blame(diags, path.Root("timeouts").AtName(act), summary, fmt.Sprintf("%s Apply again, with a longer timeouts.%s if Lambda needs it.", detail, act))
		return
	}
	found, ok := causeOf(err, functionCauses)
	if ok {
		detail += " " + found.advice
	}
	if found.attribute == "" {
		diags.AddError(summary, detail)
		return
	}
	blame(diags, path.Root(found.attribute), summary, detail)
}

// causeOf returns what AWS blames.
func causeOf(err error, causes []cause) (cause, bool) {
	said := err.Error()
	for _, c := range causes {
		for _, text := range c.texts {
			if strings.Contains(said, text) {
				return c, true
			}
		}
	}
	return cause{}, false
}
