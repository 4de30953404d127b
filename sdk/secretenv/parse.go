package secretenv

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// notObject is the problem of a secret that has no keys. Errors of encoding/json are left out, since they quote.
var notObject = Problem{
	Text:   "its value is not a JSON object",
	Advice: `store a JSON object whose keys are names of environment variables, such as {"DATABASE_URL": "…"}`,
}

// Parse makes environment variables of a secret's JSON object: a string as it is, numbers and booleans as they are written, and arrays and
// objects as their compact JSON. There are no variables if there is any problem, of which it returns all.
func Parse(value []byte) (map[string]string, []Problem) {
	if !utf8.Valid(value) || !json.Valid(value) {
		return nil, []Problem{notObject}
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	if brace, err := decoder.Token(); err != nil || brace != json.Delim('{') {
		return nil, []Problem{notObject}
	}
	variables := make(map[string]string)
	var problems []Problem
	for decoder.More() {
		key, raw, ok := nextMember(decoder)
		if !ok {
			return nil, []Problem{notObject}
		}
		text := variableText(raw)
		_, twice := variables[key]
		variables[key] = text
		if problem, advice := memberProblem(key, raw, text, twice); problem != "" {
			problems = append(problems, Problem{Key: short(key), Text: fmt.Sprintf(problem, short(key)), Advice: advice})
		}
	}
	if len(problems) > 0 {
		return nil, problems
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
	case !isName(key):
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
