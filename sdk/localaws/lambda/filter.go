package lambda

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// filter is a pattern of FilterCriteria, in the language of EventBridge: an object whose members lead, along the same path as in a
// record, to lists of which one alternative must match.
type filter struct {
	members map[string]filter // deeper patterns; all must match
	either  []filter          // of "$or": one must match
	leaf    []condition       // alternatives; nil unless the path ends here
}

// maxPattern is how long a pattern may be, in bytes.
const maxPattern = 4096

// parseFilters reads the patterns of a mapping.
func parseFilters(criteria *FilterCriteria) ([]filter, error) {
	if criteria == nil {
		return nil, nil
	}
	var filters []filter
	for _, f := range criteria.Filters {
		if f.Pattern == nil || len(*f.Pattern) > maxPattern {
			return nil, invalidFilter()
		}
		parsed, err := parseFilter([]byte(*f.Pattern))
		if err != nil {
			return nil, invalidFilter()
		}
		filters = append(filters, parsed)
	}
	return filters, nil
}

func invalidFilter() error { return invalidParameter("Invalid filter pattern definition.") }

func parseFilter(pattern []byte) (filter, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(pattern, &members); err != nil {
		return filter{}, err
	}
	if len(members) == 0 {
		return filter{}, errors.New("a pattern needs members")
	}
	f := filter{members: map[string]filter{}}
	for name, raw := range members {
		if name == "$or" {
			var alternatives []json.RawMessage
			if err := json.Unmarshal(raw, &alternatives); err != nil {
				return filter{}, err
			}
			for _, alternative := range alternatives {
				parsed, err := parseFilter(alternative)
				if err != nil {
					return filter{}, err
				}
				f.either = append(f.either, parsed)
			}
			continue
		}
		parsed, err := parseMember(raw)
		if err != nil {
			return filter{}, fmt.Errorf("%s: %w", name, err)
		}
		f.members[name] = parsed
	}
	return f, nil
}

func parseMember(raw json.RawMessage) (filter, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		return parseFilter(raw)
	}
	var alternatives []any
	if err := json.Unmarshal(raw, &alternatives); err != nil {
		return filter{}, err
	}
	if len(alternatives) == 0 {
		return filter{}, errors.New("a list needs alternatives")
	}
	var f filter
	for _, alternative := range alternatives {
		c, err := parseCondition(alternative)
		if err != nil {
			return filter{}, err
		}
		f.leaf = append(f.leaf, c)
	}
	return f, nil
}

// matchesAny tells whether a record passes one of the filters; without filters all pass.
func matchesAny(filters []filter, encoded json.RawMessage) bool {
	if len(filters) == 0 {
		return true
	}
	var record map[string]any
	if err := json.Unmarshal(encoded, &record); err != nil { // we encoded it
		return false
	}
	return slices.ContainsFunc(filters, func(f filter) bool {
		return f.passes(record)
	})
}

// passes tells whether a record matches. Each alternative looks at the body in its own way.
func (f filter) passes(record map[string]any) bool {
	return filter{members: f.members}.matches(withBodyFor(f, record), true) &&
		(len(f.either) == 0 || slices.ContainsFunc(f.either, func(alternative filter) bool { return alternative.passes(record) }))
}

// withBodyFor decodes the body if the filter looks into it. A body of the other kind, text or JSON, than the filter expects never
// passes.
func withBodyFor(f filter, record map[string]any) map[string]any {
	pattern, ok := f.members["body"]
	if !ok {
		return record
	}
	text, _ := record["body"].(string)
	var body any
	isJSON := json.Unmarshal([]byte(text), &body) == nil
	decoded := maps.Clone(record)
	switch {
	case pattern.leaf == nil && isJSON:
		decoded["body"] = body
	case pattern.leaf == nil || isJSON:
		delete(decoded, "body")
	}
	return decoded
}

// matches tells whether the value, if it is present, passes.
func (f filter) matches(value any, present bool) bool {
	if f.leaf != nil {
		return slices.ContainsFunc(f.leaf, func(c condition) bool { return c(value, present) })
	}
	if list, ok := value.([]any); ok {
		return slices.ContainsFunc(list, func(element any) bool { return f.matches(element, true) })
	}
	object, _ := value.(map[string]any)
	for name, member := range f.members {
		deeper, there := object[name]
		if !member.matches(deeper, there) {
			return false
		}
	}
	return len(f.either) == 0 || slices.ContainsFunc(f.either, func(alternative filter) bool { return alternative.matches(value, present) })
}

// condition tells whether a value passes; present is false if there is none.
type condition func(value any, present bool) bool

// parseCondition reads one alternative: a value that must be equal, or an object with one operator.
func parseCondition(alternative any) (condition, error) {
	switch want := alternative.(type) {
	case string, float64, bool, nil:
		return each(func(value any) bool { return value == want }), nil
	case map[string]any:
		if len(want) != 1 {
			return nil, errors.New("an operator stands alone")
		}
		for operator, operand := range want {
			return parseOperator(operator, operand)
		}
	}
	return nil, errors.New("lists do not nest")
}

// each makes a condition that one element of a list, or the value itself, must pass.
func each(passes func(value any) bool) condition {
	return func(value any, present bool) bool {
		if list, ok := value.([]any); ok {
			return slices.ContainsFunc(list, passes)
		}
		return present && passes(value)
	}
}

func eachString(passes func(text string) bool) condition {
	return each(func(value any) bool {
		text, ok := value.(string)
		return ok && passes(text)
	})
}

func parseOperator(operator string, operand any) (condition, error) {
	text, isText := operand.(string)
	switch operator {
	case "exists":
		want, ok := operand.(bool)
		if !ok {
			return nil, errors.New("exists takes true or false")
		}
		return func(_ any, present bool) bool { return present == want }, nil
	case "numeric":
		return parseNumeric(operand)
	case "anything-but":
		return parseAnythingBut(operand)
	}
	if !isText {
		return nil, fmt.Errorf("%s takes a text", operator)
	}
	switch operator {
	case "prefix":
		return eachString(func(value string) bool { return strings.HasPrefix(value, text) }), nil
	case "suffix":
		return eachString(func(value string) bool { return strings.HasSuffix(value, text) }), nil
	case "equals-ignore-case":
		return eachString(func(value string) bool { return strings.EqualFold(value, text) }), nil
	case "wildcard":
		return eachString(func(value string) bool { return wildcard(text, value) }), nil
	}
	return nil, fmt.Errorf("there is no operator %s", operator)
}

// wildcard matches a value with a pattern in which each * stands for any text.
func wildcard(pattern, value string) bool {
	parts := strings.Split(pattern, "*")
	value, ok := strings.CutPrefix(value, parts[0])
	if !ok || len(parts) == 1 {
		return ok && value == ""
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, rest, found := strings.Cut(value, part)
		if !found {
			return false
		}
		value = rest
	}
	return strings.HasSuffix(value, parts[last])
}

func parseAnythingBut(operand any) (condition, error) {
	var but []condition
	alternatives, ok := operand.([]any)
	if !ok {
		alternatives = []any{operand}
	}
	for _, alternative := range alternatives {
		c, err := parseCondition(alternative)
		if err != nil {
			return nil, err
		}
		but = append(but, c)
	}
	if len(but) == 0 {
		return nil, errors.New("anything-but takes a value")
	}
	return func(value any, present bool) bool {
		return present && !slices.ContainsFunc(but, func(c condition) bool { return c(value, present) })
	}, nil
}

// parseNumeric reads one or two comparisons, such as [">", 0, "<=", 5].
func parseNumeric(operand any) (condition, error) {
	terms, ok := operand.([]any)
	if !ok || len(terms) != 2 && len(terms) != 4 {
		return nil, errors.New("numeric takes one or two comparisons")
	}
	var comparisons []func(float64) bool
	for pair := range slices.Chunk(terms, 2) {
		bound, ok := pair[1].(float64)
		if !ok {
			return nil, errors.New("numeric compares with numbers")
		}
		compare, ok := map[any]func(float64) bool{
			"=":  func(n float64) bool { return n == bound },
			"<":  func(n float64) bool { return n < bound },
			"<=": func(n float64) bool { return n <= bound },
			">":  func(n float64) bool { return n > bound },
			">=": func(n float64) bool { return n >= bound },
		}[pair[0]]
		if !ok {
			return nil, fmt.Errorf("numeric has no comparison %v", pair[0])
		}
		comparisons = append(comparisons, compare)
	}
	return each(func(value any) bool {
		n, ok := value.(float64)
		return ok && !slices.ContainsFunc(comparisons, func(compare func(float64) bool) bool { return !compare(n) })
	}), nil
}
