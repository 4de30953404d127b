package logs

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// matcher tells whether a message passes a filter pattern.
type matcher func(message string) bool

// parsePattern reads a filter pattern: terms, or an expression in braces for messages that are JSON. The third kind of AWS, fields
// in brackets, is refused.
func parsePattern(pattern string) (matcher, error) {
	pattern = strings.TrimSpace(pattern)
	switch {
	case pattern == "":
		return func(string) bool { return true }, nil
	case strings.HasPrefix(pattern, "{"):
		matches, err := parseJSONPattern(pattern)
		if err != nil {
			return nil, err
		}
		return func(message string) bool {
			message = strings.TrimSpace(message)
			if !strings.HasPrefix(message, "{") && !strings.HasPrefix(message, "[") {
				return false
			}
			var document any
			return json.Unmarshal([]byte(message), &document) == nil && matches(document)
		}, nil
	case strings.HasPrefix(pattern, "["):
		return nil, invalidPattern("patterns of space-delimited fields are not supported by localaws")
	default:
		return parseTerms(pattern)
	}
}

func invalidPattern(reason string) error {
	return wire.Errorf("InvalidParameterException", "Invalid filter pattern: %s", reason)
}

// term is a word, a "phrase" or a %regular expression%; its prefix says what it is for: "-" must not be there, of those with
// "?" there must be one, all others must be there.
var term = regexp.MustCompile(`^([-?]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]+)%|([^\s"%]+))(?:\s+|$)`)

func parseTerms(pattern string) (matcher, error) {
	kinds := map[string][]matcher{}
	for rest := pattern; rest != ""; {
		parts := term.FindStringSubmatch(rest)
		if parts == nil {
			return nil, invalidPattern("see " + rest)
		}
		rest = rest[len(parts[0]):]
		matches, err := parseTerm(parts[2], parts[3], parts[4])
		if err != nil {
			return nil, err
		}
		kinds[parts[1]] = append(kinds[parts[1]], matches)
	}
	return func(message string) bool {
		matches := func(m matcher) bool { return m(message) }
		all := !slices.ContainsFunc(kinds[""], func(m matcher) bool { return !m(message) })
		// AWS ignores optional terms next to required ones.
		anyOf := len(kinds["?"]) == 0 || len(kinds[""]) > 0 || slices.ContainsFunc(kinds["?"], matches)
		return all && anyOf && !slices.ContainsFunc(kinds["-"], matches)
	}, nil
}

// parseTerm makes a matcher of the one of the three that is not empty.
func parseTerm(phrase, expression, word string) (matcher, error) {
	if expression != "" {
		compiled, err := regexp.Compile(expression)
		if err != nil {
			return nil, invalidPattern(err.Error())
		}
		return compiled.MatchString, nil
	}
	wanted := word + strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(phrase)
	return func(message string) bool { return strings.Contains(message, wanted) }, nil
}
