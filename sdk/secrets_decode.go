package sdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// decodeSecret makes environment variables of a secret's JSON object: a string as it is, numbers and booleans as they are written, and
// arrays and objects as their compact JSON. Errors of encoding/json are left out, since they quote.
func decodeSecret(id string, value []byte) (map[string]string, error) {
	notObject := secretError(id, "", SecretInvalid, errors.New("its value is not a JSON object"),
		"store a JSON object whose keys are names of environment variables")
	if !utf8.Valid(value) || !json.Valid(value) {
		return nil, notObject
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	if brace, err := decoder.Token(); err != nil || brace != json.Delim('{') {
		return nil, notObject
	}
	variables := make(map[string]string)
	var errs []error
	for decoder.More() {
		key, raw, ok := nextMember(decoder)
		if !ok {
			return nil, notObject
		}
		text := variableText(raw)
		_, twice := variables[key]
		variables[key] = text
		if problem, advice := memberProblem(key, raw, text, twice); problem != "" {
			errs = append(errs, secretError(id, shortKey(key), SecretInvalid, fmt.Errorf(problem, shortKey(key)), advice))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return variables, nil
}

// nextMember reads a key and its value.
func nextMember(decoder *json.Decoder) (key string, raw json.RawMessage, ok bool) {
	token, err := decoder.Token()
	if err != nil {
		return "", nil, false
	}
	key, ok = token.(string)
	return key, raw, ok && decoder.Decode(&raw) == nil
}

// memberProblem tells what keeps a member of a secret from becoming an environment variable, with a %q for its key, and what to do
// about it. There is no problem if both are "".
func memberProblem(key string, raw json.RawMessage, text string, twice bool) (problem, advice string) {
	switch {
	case !isVariable(key):
		return "its key %q is no name of an environment variable",
			`rename it: names consist of letters, digits and "_" and do not begin with a digit`
	case isReserved(key):
		return "its key %q is reserved for Lambda and the SDK", "rename it"
	case twice:
		return "its key %q is there twice", "remove one of the two"
	case string(raw) == "null":
		return "the value of its key %q is null", "make it a string, or remove the key"
	case strings.ContainsRune(text, 0):
		return "the value of its key %q holds a NUL character, which an environment variable cannot", "remove the character"
	}
	return "", ""
}

// variableText is a string as it is and any other JSON in its compact form.
func variableText(raw json.RawMessage) string {
	var text string
	if raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		return text
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, raw) // raw was decoded from valid JSON
	return compact.String()
}

// isVariable tells whether a name can be that of an environment variable everywhere.
func isVariable(name string) bool {
	return name != "" && (name[0] < '0' || name[0] > '9') &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// isReserved tells whether an environment variable belongs to Lambda, to the AWS SDK or to this one.
func isReserved(name string) bool {
	prefixed := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
	return slices.ContainsFunc([]string{"AWS_", "LAMBDA_", "HANDLER_"}, prefixed) ||
		slices.Contains([]string{"HANDLER", "_HANDLER", "_X_AMZN_TRACE_ID", secretKeys}, name)
}

// shortKey is a key for an error. A long one may be a value in the wrong place.
func shortKey(key string) string {
	const most = 60
	if characters := []rune(key); len(characters) > most {
		return string(characters[:most-1]) + "…"
	}
	return key
}
