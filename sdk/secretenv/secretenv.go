// Package secretenv has the rules by which secrets become environment variables. The SDK follows them when an app starts, and the provider
// when it plans a function.
package secretenv

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// ListVariable is the environment variable that lists the secrets to load, by ARN or name, separated by commas.
const ListVariable = "SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS"

// Problem is what keeps a secret from becoming environment variables. It holds no part of a secret's value but keys.
type Problem struct {
	// Key is the one that is to blame, shortened to 60 characters; empty if none is.
	Key string
	// Text says what is wrong with the secret, such as: its key "A.B" is no name of an environment variable.
	Text string
	// Advice says what to do about it.
	Advice string
}

// String returns what is wrong, and what to do.
func (p Problem) String() string { return p.Text + "; " + p.Advice }

// Owners are secrets that are loaded together, by the environment variables that they become.
type Owners map[string]string

// Add has a secret own its keys. It returns a problem of that secret for each key that another one owns, by name.
func (o Owners) Add(secret string, keys iter.Seq[string]) []Problem {
	var problems []Problem
	for _, key := range slices.Sorted(keys) {
		owner, taken := o[key]
		if taken && owner != secret {
			problems = append(problems, Problem{
				Key: short(key), Text: fmt.Sprintf("its key %q is also in secret %s", short(key), owner), Advice: "rename it, or remove one of the two",
			})
			continue
		}
		o[key] = secret
	}
	return problems
}

// isName tells whether a name can be that of an environment variable everywhere.
func isName(name string) bool {
	return name != "" && (name[0] < '0' || name[0] > '9') &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// isReserved tells whether an environment variable belongs to Lambda, to the AWS SDK or to this one.
func isReserved(name string) bool {
	prefixed := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
	return slices.ContainsFunc([]string{"AWS_", "LAMBDA_", "HANDLER_"}, prefixed) ||
		slices.Contains([]string{"HANDLER", "_HANDLER", "_X_AMZN_TRACE_ID", ListVariable}, name)
}

// short is a key for people. A long one may be a value in the wrong place.
func short(key string) string {
	const most = 60
	if characters := []rune(key); len(characters) > most {
		return string(characters[:most-1]) + "…"
	}
	return key
}
