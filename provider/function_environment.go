package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/lambda-land/terraform-provider-handler/sdk/secretenv"
)

// Environment variables that the provider sets, and the SDK reads.
const (
	envHandler = "HANDLER"
	envReset   = "HANDLER_RESET"
	envQueues  = "HANDLER_QUEUES"
	envSecrets = secretenv.ListVariable
)

var variableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]+$`)

// reservedVariables are set by Lambda, which refuses functions that set them.
var reservedVariables = []string{
	"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "_HANDLER", "_X_AMZN_TRACE_ID",
}

// ownVariables are set by the provider from attributes of their own.
var ownVariables = map[string]string{envHandler: "handler", envReset: "reset", envQueues: "send_to", envSecrets: "secrets"}

// validateEnvironment names variables only, never their values.
func validateEnvironment(variables map[string]attr.Value, diags *diag.Diagnostics) {
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		at := path.Root("environment").AtMapKey(name)
		if attribute, ok := ownVariables[name]; ok {
			blame(diags, at, invalidFunction, fmt.Sprintf("The variable %s is set by the attribute %s. Use that.", name, attribute))
			continue
		}
		if slices.Contains(reservedVariables, name) {
			blame(diags, at, invalidFunction, fmt.Sprintf("The variable %s is reserved: Lambda sets it itself. Remove it.", name))
			continue
		}
		if !variableName.MatchString(name) {
			blame(diags, at, invalidFunction, fmt.Sprintf("The variable %q cannot be set in Lambda: names begin with a letter, "+
				"have at least two characters, and are of letters, digits and _. Rename it.", name))
		}
	}
}

// checkEnvironmentSize adds up the environment as Lambda measures it, as far as it is known. It shows sizes only.
func (m *functionModel) checkEnvironmentSize(diags *diag.Diagnostics) {
	variables, all := knownTexts(m.Environment)
	user := encodedSize(variables)
	maps.Copy(variables, m.ownEnvironment(listTexts(m.Secrets)))
	urls := map[string]string{}
	sendTo, _ := knownTexts(m.SendTo)
	for label, text := range sendTo {
		if parsed, err := arn.Parse(text); err == nil {
			urls[label] = fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", parsed.Region, parsed.AccountID, parsed.Resource)
		}
	}
	if len(urls) > 0 {
		variables[envQueues] = joinQueues(urls)
	}
	if size := encodedSize(variables); size > maxEnvironment {
		qualifier := ""
		if !all {
			qualifier = "at least "
		}
		blame(diags, path.Root("environment"), invalidFunction, fmt.Sprintf("The function's environment has %s%d bytes, and Lambda "+
			"allows %d: %d are those of environment, the rest those of handler, reset, secrets and send_to. Put large values into a secret, "+
			"which the app loads itself, or into the image.", qualifier, size, maxEnvironment, user))
	}
}

// encodedSize returns the number of bytes of variables as JSON, which is what Lambda measures.
func encodedSize(variables map[string]string) int {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false) // which would count < as 6 bytes
	if err := encoder.Encode(variables); err != nil {
		return 0 // strings always marshal
	}
	return encoded.Len() - len("\n")
}

// ownEnvironment returns the variables that the provider sets, but for HANDLER_QUEUES, which needs the queues' URLs.
func (m *functionModel) ownEnvironment(secrets []string) map[string]string {
	own := map[string]string{envHandler: m.Handler.ValueString()}
	if reset := m.Reset.ValueString(); reset != "" {
		own[envReset] = reset
	}
	if len(secrets) > 0 {
		own[envSecrets] = strings.Join(secrets, ",")
	}
	return own
}

// joinQueues returns URLs by label as HANDLER_QUEUES.
func joinQueues(urls map[string]string) string {
	pairs := make([]string, 0, len(urls))
	for _, label := range slices.Sorted(maps.Keys(urls)) {
		pairs = append(pairs, label+"="+urls[label])
	}
	return strings.Join(pairs, ",")
}

// splitQueues is the inverse of joinQueues.
func splitQueues(text string) map[string]string {
	urls := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if label, url, ok := strings.Cut(pair, "="); ok {
			urls[label] = url
		}
	}
	return urls
}

// readUserEnvironment takes over the variables but the provider's own: all, or those that are configured if the others are somebody
// else's. A variable that is null is not set, and stays null.
func (m *functionModel) readUserEnvironment(remote map[string]string) {
	environment, own := map[string]attr.Value{}, m.Environment.Elements()
	for name, value := range own {
		if value.IsNull() {
			environment[name] = value
		}
	}
	for name, value := range remote {
		if _, ours := own[name]; ours || !m.merges() && !isOwnVariable(name) {
			environment[name] = types.StringValue(value)
		}
	}
	switch {
	case len(environment) > 0:
		m.Environment = types.MapValueMust(types.StringType, environment)
	case len(own) > 0:
		m.Environment = types.MapNull(types.StringType)
	}
}

// merges reports whether variables that are not configured belong to somebody else.
func (m *functionModel) merges() bool { return m.EnvironmentMode.ValueString() == environmentMerge }

func isOwnVariable(name string) bool {
	return name == envHandler || name == envReset || name == envQueues || name == envSecrets
}
