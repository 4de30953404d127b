package logs

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// condition tells whether a document passes a part of a JSON pattern.
type condition func(document any) bool

// jsonToken is one token of a JSON pattern: an operator or punctuation, a selector such as $.a.b[0], or a value.
var jsonToken = regexp.MustCompile(`^(?:` +
	`&&|\|\||!=|<=|>=|[=<>(){}]|` +
	`\$(?:\.[^\s.\[\]=!<>(){}&|]+|\[\d+\]|\["[^"]*"\])*|` +
	`"(?:[^"\\]|\\.)*"|%[^%]+%|[^\s=!<>(){}&|"]+)`)

// jsonParser reads a JSON pattern by recursive descent.
type jsonParser struct{ tokens []string }

// parseJSONPattern reads "{ expression }".
func parseJSONPattern(pattern string) (condition, error) {
	p := &jsonParser{}
	for rest := pattern; rest != ""; rest = strings.TrimSpace(rest) {
		token := jsonToken.FindString(rest)
		if token == "" {
			return nil, invalidPattern("see " + rest)
		}
		p.tokens = append(p.tokens, token)
		rest = rest[len(token):]
	}
	p.accept("{")
	matches, err := p.anyOf()
	if err != nil {
		return nil, err
	}
	if !p.accept("}") || len(p.tokens) > 0 {
		return nil, invalidPattern("it must end with the brace that closes it")
	}
	return matches, nil
}

// peek is the next token in capitals, which is how keywords are compared; empty at the end.
func (p *jsonParser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return strings.ToUpper(p.tokens[0])
}

func (p *jsonParser) next() string {
	if len(p.tokens) == 0 {
		return ""
	}
	token := p.tokens[0]
	p.tokens = p.tokens[1:]
	return token
}

func (p *jsonParser) accept(token string) bool {
	if p.peek() != token {
		return false
	}
	p.next()
	return true
}

// anyOf reads alternatives between "||", which binds less than "&&".
func (p *jsonParser) anyOf() (condition, error) {
	left, err := p.allOf()
	for err == nil && p.accept("||") {
		var right condition
		first := left
		right, err = p.allOf()
		left = func(document any) bool { return first(document) || right(document) }
	}
	return left, err
}

func (p *jsonParser) allOf() (condition, error) {
	left, err := p.comparison()
	for err == nil && p.accept("&&") {
		var right condition
		first := left
		right, err = p.comparison()
		left = func(document any) bool { return first(document) && right(document) }
	}
	return left, err
}

// comparison reads an expression in parentheses or a selector with an operator and, for most, a value.
func (p *jsonParser) comparison() (condition, error) {
	if p.accept("(") {
		inner, err := p.anyOf()
		if err == nil && !p.accept(")") {
			err = invalidPattern("a parenthesis is not closed")
		}
		return inner, err
	}
	selector := p.next()
	if !strings.HasPrefix(selector, "$") {
		return nil, invalidPattern("a selector such as $.name is missing")
	}
	path := parseSelector(selector)
	compare, err := p.operator()
	if err != nil {
		return nil, err
	}
	return func(document any) bool {
		value, exists := path.find(document)
		return compare(value, exists)
	}, nil
}

// comparer judges the value that a selector found, if there was one.
type comparer func(value any, exists bool) bool

func (p *jsonParser) operator() (comparer, error) {
	switch operator := strings.ToUpper(p.next()); operator {
	case "IS":
		return p.is()
	case "NOT":
		if !p.accept("EXISTS") {
			return nil, invalidPattern("NOT goes with EXISTS")
		}
		return func(_ any, exists bool) bool { return !exists }, nil
	case "=", "!=":
		equal, err := p.equals()
		if err != nil || operator == "=" {
			return equal, err
		}
		return func(value any, exists bool) bool { return exists && !equal(value, exists) }, nil
	case "<", "<=", ">", ">=":
		return ordered(operator, p.next())
	default:
		return nil, invalidPattern("an operator is missing")
	}
}

func (p *jsonParser) is() (comparer, error) {
	var wanted any
	switch keyword := strings.ToUpper(p.next()); keyword {
	case "TRUE", "FALSE":
		wanted = keyword == "TRUE"
	case "NULL":
	default:
		return nil, invalidPattern("IS goes with NULL, TRUE or FALSE")
	}
	return func(value any, exists bool) bool { return exists && value == wanted }, nil
}

// equals reads a value to compare with: a number, a %regular expression%, or text in which "*" stands for anything.
func (p *jsonParser) equals() (comparer, error) {
	token := p.next()
	if token == "" || strings.ContainsAny(token[:1], "(){}&|=<>") {
		return nil, invalidPattern("a value is missing")
	}
	text, expression := token, ""
	switch {
	case strings.HasPrefix(token, "%"):
		expression = strings.Trim(token, "%")
	case strings.HasPrefix(token, `"`):
		if err := json.Unmarshal([]byte(token), &text); err != nil {
			return nil, invalidPattern("see " + token)
		}
		fallthrough
	default:
		expression = "(?s)^" + strings.ReplaceAll(regexp.QuoteMeta(text), `\*`, ".*") + "$"
	}
	compiled, err := regexp.Compile(expression)
	if err != nil {
		return nil, invalidPattern(err.Error())
	}
	number, numberErr := strconv.ParseFloat(token, 64)
	return func(value any, _ bool) bool {
		switch value := value.(type) {
		case float64:
			return numberErr == nil && value == number
		case string:
			return compiled.MatchString(value)
		default:
			return false
		}
	}, nil
}

func ordered(operator, token string) (comparer, error) {
	limit, err := strconv.ParseFloat(token, 64)
	if err != nil {
		return nil, invalidPattern(operator + " goes with a number")
	}
	return func(value any, _ bool) bool {
		number, ok := value.(float64)
		switch {
		case !ok:
			return false
		case number == limit:
			return strings.HasSuffix(operator, "=")
		default:
			return (number < limit) == strings.HasPrefix(operator, "<")
		}
	}, nil
}

// selector is a path into a document: names of members and, as numbers, indexes of elements.
type selector []any

var selectorStep = regexp.MustCompile(`\.([^.\[]+)|\[(\d+)\]|\["([^"]*)"\]`)

func parseSelector(text string) selector {
	var path selector
	for _, step := range selectorStep.FindAllStringSubmatch(text, -1) {
		if step[2] != "" {
			index, _ := strconv.Atoi(step[2]) // digits; one that is too large finds nothing
			path = append(path, index)
			continue
		}
		path = append(path, step[1]+step[3])
	}
	return path
}

func (s selector) find(document any) (value any, exists bool) {
	for _, step := range s {
		switch step := step.(type) {
		case int:
			elements, ok := document.([]any)
			if !ok || step >= len(elements) {
				return nil, false
			}
			document = elements[step]
		case string:
			members, ok := document.(map[string]any)
			if !ok {
				return nil, false
			}
			if document, ok = members[step]; !ok {
				return nil, false
			}
		}
	}
	return document, true
}
