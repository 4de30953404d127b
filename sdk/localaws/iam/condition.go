package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// conditions are the values that condition keys must have, by operator and key.
type conditions map[string]map[string]values

// values are strings, numbers or booleans, one or a list of them.
type values []string

// UnmarshalJSON reads both forms.
func (v *values) UnmarshalJSON(data []byte) error {
	var many []json.RawMessage
	if err := unmarshalOneOrMany(data, &many); err != nil {
		return err
	}
	for _, raw := range many {
		text := string(raw)
		if raw[0] == '"' {
			if err := json.Unmarshal(raw, &text); err != nil {
				return err
			}
		}
		if raw[0] == '{' || raw[0] == '[' || text == "null" {
			return fmt.Errorf("a condition needs text, numbers or booleans, not %s", raw)
		}
		*v = append(*v, text)
	}
	return nil
}

// operator compares what a policy wants with what a request has.
type operator struct {
	fits    func(wanted, actual string) bool
	negated bool
}

func equal(wanted, actual string) bool { return wanted == actual }

// operators are what localaws understands, by name in lower case.
var operators = map[string]operator{
	"stringequals":              {equal, false},
	"stringnotequals":           {equal, true},
	"stringequalsignorecase":    {strings.EqualFold, false},
	"stringnotequalsignorecase": {strings.EqualFold, true},
	"stringlike":                {matches, false},
	"stringnotlike":             {matches, true},
	"arnequals":                 {matchesARN, false},
	"arnnotequals":              {matchesARN, true},
	"arnlike":                   {matchesARN, false},
	"arnnotlike":                {matchesARN, true},
	"bool":                      {strings.EqualFold, false},
}

// hold tells whether a question fulfils all conditions. Those that localaws does not understand are taken to be what unknown says.
func (c conditions) hold(q question, unknown bool) bool {
	for name, keys := range c {
		for key, wanted := range keys {
			holds, understood := wanted.hold(strings.ToLower(name), strings.ToLower(key), q)
			if !understood {
				q.warn(fmt.Sprintf("condition %s on %s", name, key))
				holds = unknown
			}
			if !holds {
				return false
			}
		}
	}
	return true
}

// hold tells whether a key has one of the values, or, with a negated operator, none of them. Every key has one value at most, so
// that the operators for sets differ from the others only in what a missing value means.
func (v values) hold(name, key string, q question) (holds, understood bool) {
	name = strings.TrimPrefix(name, "foranyvalue:")
	name, ofAll := strings.CutPrefix(name, "forallvalues:")
	name, ifExists := strings.CutSuffix(name, "ifexists")
	op, known := operators[name]
	actual, offered := q.keys[key]
	if !known || !offered || slices.ContainsFunc(v, hasVariable) {
		return false, false
	}
	if actual == "" {
		return op.negated || ifExists || ofAll, true
	}
	return slices.ContainsFunc(v, func(wanted string) bool { return op.fits(wanted, actual) }) != op.negated, true
}

// hasVariable tells whether a text has a policy variable, such as ${aws:username}, which localaws does not fill in.
func hasVariable(text string) bool { return strings.Contains(text, "${") }
