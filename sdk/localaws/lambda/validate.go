package lambda

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// constraints collects what is wrong with a request according to the API's model, to be answered all at once.
type constraints []string

func (c *constraints) violate(value any, parameter, constraint string) {
	*c = append(*c, fmt.Sprintf("Value '%v' at '%s' failed to satisfy constraint: %s", value, parameter, constraint))
}

func (c *constraints) between(value *int, parameter string, least, most int) {
	switch {
	case value == nil:
	case *value < least:
		c.violate(*value, parameter, fmt.Sprintf("Member must have value greater than or equal to %d", least))
	case *value > most:
		c.violate(*value, parameter, fmt.Sprintf("Member must have value less than or equal to %d", most))
	}
}

func (c *constraints) oneOf(value, parameter string, allowed ...string) {
	if value != "" && !slices.Contains(allowed, value) {
		c.violate(value, parameter, "Member must satisfy enum value set: ["+strings.Join(allowed, ", ")+"]")
	}
}

func (c *constraints) matches(value, parameter string, pattern *regexp.Regexp, shown string) {
	if value != "" && !pattern.MatchString(value) {
		c.violate(value, parameter, "Member must satisfy regular expression pattern: "+shown)
	}
}

func (c *constraints) atMost(value, parameter string, length int) {
	if len(value) > length {
		c.violate(value, parameter, fmt.Sprintf("Member must have length less than or equal to %d", length))
	}
}

// err is the answer to a request that breaks constraints; nil if there are none.
func (c *constraints) err() error {
	switch len(*c) {
	case 0:
		return nil
	case 1:
		return wire.Errorf("ValidationException", "1 validation error detected: %s", (*c)[0])
	}
	return wire.Errorf("ValidationException", "%d validation errors detected: %s", len(*c), strings.Join(*c, "; "))
}

const rolePattern = `arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`

var (
	roles           = regexp.MustCompile(`^` + rolePattern + `$`)
	logGroups       = regexp.MustCompile(`^[\.\-_/#A-Za-z0-9]+$`)
	environmentKeys = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)
)

// maxEnvironment is how long a function's environment may be, in bytes of its JSON.
const maxEnvironment = 4096

// reservedKeys cannot be set in a function's environment: Lambda sets them itself.
var reservedKeys = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
	"AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
}

// validateEnvironment answers as Lambda does, which quotes the whole environment if it is too long.
func validateEnvironment(environment *Environment) error {
	if environment == nil {
		return nil
	}
	var reserved []string
	for _, key := range slices.Sorted(maps.Keys(environment.Variables)) {
		if slices.Contains(reservedKeys, key) {
			reserved = append(reserved, key)
		} else if !environmentKeys.MatchString(key) {
			return wire.Errorf("ValidationException", "1 validation error detected: Value at 'environment.variables' failed to satisfy "+
				"constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]")
		}
	}
	if len(reserved) > 0 {
		return invalidParameter("Lambda was unable to configure your environment variables because the environment variables you have "+
			"provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s",
			strings.Join(reserved, ", "))
	}
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(environment.Variables); err != nil {
		return fmt.Errorf("measure environment: %w", err)
	}
	if measured := bytes.TrimSuffix(encoded.Bytes(), []byte("\n")); len(measured) > maxEnvironment {
		return invalidParameter("Lambda was unable to configure your environment variables because the environment variables you have "+
			"provided exceeded the 4KB limit. String measured: %s", measured)
	}
	return nil
}

// validateRole checks that the role can be assumed by Lambda; an empty one means that a request does not change it.
func (s *Service) validateRole(role string, function reference) error {
	if role == "" {
		return nil
	}
	return s.config.Roles.AssumableByLambda(role, function.arn)
}

// mergeLogging applies what a request says about logging to what was so before.
func mergeLogging(old LoggingConfig, change *LoggingConfig) (LoggingConfig, error) {
	if change == nil {
		return old, nil
	}
	if change.LogGroup != "" {
		old.LogGroup = change.LogGroup
	}
	if change.LogFormat != "" {
		old.LogFormat = change.LogFormat
	}
	if old.LogFormat == "Text" {
		if change.ApplicationLogLevel != "" || change.SystemLogLevel != "" {
			return old, invalidParameter(`LogLevel is not supported when LogFormat is set to "Text". ` +
				`Remove LogLevel from your request or change the LogFormat to "JSON" and try again.`)
		}
		old.ApplicationLogLevel, old.SystemLogLevel = "", ""
		return old, nil
	}
	old.ApplicationLogLevel = cmp.Or(change.ApplicationLogLevel, old.ApplicationLogLevel, "INFO")
	old.SystemLogLevel = cmp.Or(change.SystemLogLevel, old.SystemLogLevel, "INFO")
	return old, nil
}
