package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
	basediag "github.com/hashicorp/aws-sdk-go-base/v2/diag"
	"github.com/hashicorp/aws-sdk-go-base/v2/endpoints"
	"github.com/hashicorp/aws-sdk-go-base/v2/validation"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// noCredentials is the summary of what keeps the provider from finding credentials.
const noCredentials = "Failed to find AWS credentials"

// explain adds what aws-sdk-go-base found wrong, at the attribute that is to blame.
func (m *providerModel) explain(problem basediag.Diagnostic, diags *diag.Diagnostics) {
	cause := problem.Summary() + "\n\n" + problem.Detail()
	var err error
	if problem, ok := problem.(basediag.DiagnosticWithErr); ok {
		err = problem.Err()
		cause = sentence(err.Error())
	}
	if advice := rejection(err); advice != "" {
		cause += "\n\n" + sentence(advice)
	}
	missing, isMissing := errors.AsType[config.SharedConfigProfileNotExistError](err)
	switch {
	case problem.Severity() != basediag.SeverityError:
		m.warn(problem, diags)
	case isMissing:
		diags.AddAttributeError(path.Root("profile"), "AWS profile does not exist", fmt.Sprintf("Profile %q is in none of the shared "+
			"configuration and credentials files. Set profile or AWS_PROFILE to one that \"aws configure list-profiles\" shows, or name "+
			"the files that it is in, in shared_config_files and shared_credentials_files.", missing.Profile))
	case awsbase.IsCannotAssumeRoleError(problem):
		i := slices.IndexFunc(m.AssumeRole, func(role assumeRoleModel) bool {
			return strings.Contains(problem.Detail(), "("+role.RoleARN.ValueString()+")")
		})
		at := path.Root("assume_role")
		diags.AddAttributeError(at.AtListIndex(max(i, 0)), "Failed to assume role", fmt.Sprintf("Role %s: %s\n\nLet the role's trust "+
			"policy name who calls, with the external_id if it asks for one, and let the caller's policies allow sts:AssumeRole on it.",
			m.AssumeRole[max(i, 0)].RoleARN.ValueString(), cause))
	case len(m.WebIdentity) > 0 && strings.Contains(problem.Summary(), "web identity"):
		diags.AddAttributeError(path.Root("assume_role_with_web_identity").AtListIndex(0), "Failed to assume role", fmt.Sprintf(
			"Role %s: %s\n\nLet the role's trust policy name the identity provider and the token's subject, and see to it that the token "+
				"is fresh.", m.WebIdentity[0].RoleARN.ValueString(), cause))
	case strings.Contains(cause, "SSO"):
		diags.AddError(noCredentials, cause+"\n\nLog in with \"aws sso login\".")
	default:
		diags.AddError(noCredentials, cause+"\n\nSet profile or access_key and secret_key in the provider's configuration, or "+
			"AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.")
	}
}

// warn passes a warning on, except for one that would show a proxy's password.
func (m *providerModel) warn(problem basediag.Diagnostic, diags *diag.Diagnostics) {
	if problem.Summary() == "Missing HTTPS Proxy" {
		diags.AddAttributeWarning(path.Root("http_proxy"), "HTTPS goes through the HTTP proxy", "An http_proxy is set and no https_proxy, "+
			"so it is used for both. Set https_proxy, too; to an empty string for no proxy.")
		return
	}
	diags.AddWarning(problem.Summary(), problem.Detail())
}

// checkProxies checks that the proxies are URLs. It does not show them, as they may hold a password.
func (m *providerModel) checkProxies(diags *diag.Diagnostics) {
	for name, proxy := range map[string]types.String{"http_proxy": m.HTTPProxy, "https_proxy": m.HTTPSProxy} {
		if address, err := url.Parse(proxy.ValueString()); err != nil || proxy.ValueString() != "" && address.Host == "" {
			diags.AddAttributeError(path.Root(name), "Invalid proxy", "The value is not the URL of a proxy, such as http://proxy.example.com:3128.")
		}
	}
}

// checkRegion checks that there is a region, and that it exists.
func (m *providerModel) checkRegion(region string, diags *diag.Diagnostics) {
	if region == "" {
		diags.AddAttributeError(path.Root("region"), "Failed to find the AWS region", "No region is configured. Set region in the "+
			"provider's configuration, AWS_REGION in the environment, or a region in the profile.")
		return
	}
	if m.SkipRegion.ValueBool() || validation.SupportedRegion(region) == nil {
		return
	}
	var known []string
	for _, partition := range endpoints.DefaultPartitions() {
		known = slices.AppendSeq(known, maps.Keys(partition.Regions()))
	}
	slices.Sort(known)
	hint := ""
	if similar := nearest(region, known); similar != "" {
		hint = fmt.Sprintf(" Is it %q?", similar)
	}
	diags.AddAttributeError(path.Root("region"), "AWS region is not known", fmt.Sprintf("There is no region %q.%s Correct region, "+
		"AWS_REGION or the profile's region; set skip_region_validation = true for a region that is newer than this version of the "+
		"provider.", region, hint))
}

// checkAccount checks that the credentials belong to an account that is allowed, if only some are.
func (m *providerModel) checkAccount(ctx context.Context, c *cloud.Cloud, diags *diag.Diagnostics) {
	allowed, forbidden := listTexts(m.AllowedAccounts), listTexts(m.DeniedAccounts)
	at := path.Root("allowed_account_ids")
	if len(allowed) == 0 {
		at = path.Root("forbidden_account_ids")
	}
	if len(allowed)+len(forbidden) == 0 {
		return
	}
	account, err := c.Account(ctx)
	switch {
	case err != nil:
		diags.AddAttributeError(at, "Failed to check the AWS account", sentence(err.Error()))
	case len(allowed) > 0 && !slices.Contains(allowed, account):
		diags.AddAttributeError(at, "AWS account is not allowed", fmt.Sprintf("The credentials belong to account %s, and only %s may be "+
			"used. Use credentials of one of these, such as by another profile or role, or add the account to allowed_account_ids.",
			account, strings.Join(allowed, ", ")))
	case slices.Contains(forbidden, account):
		diags.AddAttributeError(at, "AWS account is forbidden", fmt.Sprintf("The credentials belong to account %s, which is among "+
			"forbidden_account_ids. Use credentials of another account, such as by another profile or role.", account))
	}
}

// explainRejections adds to the errors of all calls what to do about those that say nothing about the call itself.
func explainRejections(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("ExplainRejections", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleInitialize(ctx, in)
		if advice := rejection(err); advice != "" {
			err = fmt.Errorf("%s: %w", advice, err)
		}
		return out, metadata, err
	}), middleware.After)
}

// rejection returns what is wrong with the credentials, the connection or AWS itself, and what to do; empty if it is the call.
func rejection(err error) string {
	if _, unsent := errors.AsType[*smithyhttp.RequestSendError](err); unsent {
		return "AWS cannot be reached or does not answer; check the network, proxies, and the provider's region and endpoints"
	}
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && response.HTTPStatusCode() >= http.StatusInternalServerError {
		return "AWS failed, not what was asked of it; run Terraform again, and see AWS's health dashboard if this goes on"
	}
	apiErr, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return ""
	}
	switch code := apiErr.ErrorCode(); code[strings.LastIndexByte(code, '.')+1:] {
	case "Throttling", "ThrottlingException", "TooManyRequestsException", "RequestThrottled", "RequestLimitExceeded":
		return "AWS gets too many calls from this account; run Terraform again later, with a lower -parallelism, or raise the provider's max_retries"
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired":
		return "the AWS credentials have expired; get new ones, such as with \"aws sso login\", and run Terraform again"
	case "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId":
		return "AWS does not know the access key of the credentials; correct access_key, AWS_ACCESS_KEY_ID or the profile, and give the " +
			"session token with temporary ones"
	case "SignatureDoesNotMatch", "InvalidSignatureException":
		return "the secret key of the AWS credentials does not fit their access key, or the clock of this machine is wrong; correct " +
			"secret_key, AWS_SECRET_ACCESS_KEY or the profile"
	}
	return ""
}
