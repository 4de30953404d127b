package iam

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// policy is what localaws reads of a policy document. The grammar is AWS's.
type policy struct {
	Version   string
	ID        string `json:"Id"`
	Statement statements
}

type statement struct {
	Sid          string
	Effect       string
	Principal    principal
	NotPrincipal principal
	Action       texts
	NotAction    texts
	Resource     texts
	NotResource  texts
	Condition    conditions
}

// statements is one statement or a list of them.
type statements []statement

// UnmarshalJSON reads both forms.
func (s *statements) UnmarshalJSON(data []byte) error {
	return unmarshalOneOrMany(data, (*[]statement)(s))
}

// texts is a string or a list of them.
type texts []string

// UnmarshalJSON reads both forms.
func (t *texts) UnmarshalJSON(data []byte) error { return unmarshalOneOrMany(data, (*[]string)(t)) }

// principal maps kinds, such as "Service", to names; "*" stands for everyone.
type principal map[string]texts

// UnmarshalJSON reads a map or the string "*".
func (p *principal) UnmarshalJSON(data []byte) error {
	if string(data) == `"*"` {
		*p = principal{"*": {"*"}}
		return nil
	}
	return json.Unmarshal(data, (*map[string]texts)(p))
}

func unmarshalOneOrMany[T any](data []byte, into *[]T) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, into)
	}
	var one T
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	*into = []T{one}
	return nil
}

// parseTrustPolicy reads the document that says who may assume a role: it has principals and no resources.
func parseTrustPolicy(document string) (policy, error) {
	return parsePolicy(document, func(s statement) error {
		switch {
		case len(s.Principal) == 0 && len(s.NotPrincipal) == 0:
			return malformed("Missing required field Principal")
		case len(s.Resource) > 0 || len(s.NotResource) > 0:
			return malformed("Has prohibited field Resource")
		}
		for kind := range s.Principal {
			if !slices.Contains([]string{"*", "AWS", "Service", "Federated", "CanonicalUser"}, kind) {
				return malformed("Invalid principal in policy: %q:%q", kind, s.Principal[kind])
			}
		}
		return nil
	})
}

// parseIdentityPolicy reads the document of a role's own policy: it has resources and no principals.
func parseIdentityPolicy(document string) (policy, error) {
	return parsePolicy(document, func(s statement) error {
		switch {
		case len(s.Principal) > 0 || len(s.NotPrincipal) > 0:
			return malformed("Policy document should not specify a principal.")
		case len(s.Resource) == 0 && len(s.NotResource) == 0:
			return malformed("Policy statement must contain resources.")
		}
		for _, resource := range s.Resource {
			if resource != "*" && !strings.HasPrefix(resource, "arn:") {
				return malformed("Resource %s must be in ARN format or \"*\".", resource)
			}
		}
		return nil
	})
}

func parsePolicy(document string, check func(statement) error) (policy, error) {
	var p policy
	decoder := json.NewDecoder(strings.NewReader(document))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return policy{}, malformed("This policy contains invalid Json: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if decoder.More() {
		return policy{}, malformed("This policy contains invalid Json")
	}
	if p.Version != "" && p.Version != "2012-10-17" && p.Version != "2008-10-17" {
		return policy{}, malformed("The policy must contain a valid version string")
	}
	if len(p.Statement) == 0 {
		return policy{}, malformed("Syntax errors in policy: it must have at least one statement.")
	}
	for _, s := range p.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" {
			return policy{}, malformed("Syntax errors in policy: Effect must be Allow or Deny, not %q.", s.Effect)
		}
		if len(s.Action) == 0 && len(s.NotAction) == 0 {
			return policy{}, malformed("Policy statement must contain actions.")
		}
		for _, action := range slices.Concat(s.Action, s.NotAction) {
			if action != "*" && !strings.Contains(action, ":") {
				return policy{}, malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
			}
		}
		if err := check(s); err != nil {
			return policy{}, err
		}
	}
	return p, nil
}

func malformed(format string, args ...any) *wire.Error {
	return wire.Errorf("MalformedPolicyDocument", "%s", fmt.Sprintf(format, args...))
}

// encoded is how IAM answers with documents: percent-encoded as RFC 3986 has it.
func encoded(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}
