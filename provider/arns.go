package provider

import (
	"context"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// arnKind is what an ARN has to name.
type arnKind struct {
	service, thing string
	form           string         // of what follows the account, for people
	resource       *regexp.Regexp // the same
	everywhere     bool           // whether it is in no region
}

var (
	queueARN    = arnKind{service: "sqs", thing: "queue", form: "NAME", resource: regexp.MustCompile(`^[A-Za-z0-9_-]+(\.fifo)?$`)}
	secretARN   = arnKind{service: "secretsmanager", thing: "secret", form: "secret:NAME", resource: regexp.MustCompile(`^secret:.`)}
	keyARN      = arnKind{service: "kms", thing: "KMS key", form: "key/ID", resource: regexp.MustCompile(`^(key|alias)/.`)}
	roleARN     = arnKind{service: "iam", thing: "role", form: "role/NAME", resource: regexp.MustCompile(`^role/.`), everywhere: true}
	policyARN   = arnKind{service: "iam", thing: "policy", form: "policy/NAME", resource: regexp.MustCompile(`^policy/.`), everywhere: true}
	accountForm = regexp.MustCompile(`^\d{12}$`)
)

// is reports whether a text is an ARN of this kind.
func (k arnKind) is(text string) bool {
	parsed, err := arn.Parse(text)
	return err == nil && parsed.Service == k.service && k.resource.MatchString(parsed.Resource)
}

// accountOfAWS is that of the policies that AWS itself manages.
const accountOfAWS = "aws"

// checkARN checks that a known ARN is of this kind, and in this region. The user is who is going to use it, such as "function".
func (d *providerData) checkARN(at path.Path, given types.String, kind arnKind, summary, user string, diags *diag.Diagnostics) bool {
	if given.IsNull() || given.IsUnknown() {
		return true
	}
	text, region := given.ValueString(), d.cloud.Region
	if kind.everywhere {
		region = ""
	}
	parsed, err := arn.Parse(text)
	ofAWS := kind.service == policyARN.service && parsed.AccountID == accountOfAWS
	switch {
	case err != nil || parsed.Partition != d.cloud.Partition || parsed.Service != kind.service || !kind.resource.MatchString(parsed.Resource) ||
		!accountForm.MatchString(parsed.AccountID) && !ofAWS || kind.everywhere && parsed.Region != "":
		blame(diags, at, summary, fmt.Sprintf("%q is not the ARN of a %s, which is of the form arn:%s:%s:%s:ACCOUNT:%s.", text, kind.thing,
			d.cloud.Partition, kind.service, region, kind.form))
	case parsed.Region != region:
		blame(diags, at, summary, fmt.Sprintf("The %s %s is in region %s, but the %s will be in %s, and AWS uses only those of its own "+
			"region. Name a %s in %s, or give this resource a provider configured for %s.", kind.thing, text, parsed.Region, user,
			region, kind.thing, region, parsed.Region))
	default:
		return true
	}
	return false
}

// checkOwnARN is checkARN for what has to be of this account, too.
func (d *providerData) checkOwnARN(
	ctx context.Context, at path.Path, given types.String, kind arnKind, summary, user string, diags *diag.Diagnostics,
) bool {
	if given.IsNull() || given.IsUnknown() {
		return true
	}
	if !d.checkARN(at, given, kind, summary, user, diags) {
		return false
	}
	account, err := d.cloud.Account(ctx)
	if err != nil {
		tflog.Debug(ctx, "account is not known", map[string]any{"error": err.Error()})
		return true
	}
	parsed, err := arn.Parse(given.ValueString())
	if err != nil || parsed.AccountID == account || parsed.AccountID == accountOfAWS {
		return true
	}
	blame(diags, at, summary, fmt.Sprintf("The %s %s belongs to account %s, but the credentials are of account %s. Name a %s of this account, "+
		"or give this resource a provider configured for the other.", kind.thing, given.ValueString(), parsed.AccountID, account, kind.thing))
	return false
}
