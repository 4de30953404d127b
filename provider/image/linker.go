package image

import (
	"fmt"
	"strings"
)

// linkerArguments returns the arguments that the linker is called with. An element of Ldflags is one flag and, after a space, its
// value, which reaches the linker as it is, spaces and all, unless it is quoted as a whole, as one does on a command line. An element
// with several flags is split as go splits its -ldflags. The error is a *SourceError.
func (s Source) linkerArguments() ([]string, error) {
	arguments := []string{"-s", "-w", "-buildid="}
	for i, element := range s.Ldflags {
		invalid := func(format string, args ...any) error {
			reason := fmt.Sprintf("linker flag %d (%.60q) ", i+1, element) + fmt.Sprintf(format, args...)
			return &SourceError{Field: "Ldflags", Index: i, Err: ErrInvalid, Reason: reason}
		}
		flag, value, hasValue := strings.Cut(strings.TrimSpace(element), " ")
		if !strings.HasPrefix(flag, "-") {
			return nil, invalid("does not begin with -: give each flag together with its value as one element, such as \"-X main.version=1\"")
		}
		if strings.Contains(flag, "=") && hasValue { // -X=main.title=two words
			flag, value, hasValue = flag+" "+value, "", false
		}
		value, quoted := unquoted(strings.TrimSpace(value))
		switch several := strings.Contains(flag+" "+value, " -"); {
		case several && !quoted:
			words, ok := split(element)
			if !ok {
				return nil, invalid("has a quote that does not end: give each flag as an element of its own")
			}
			arguments = append(arguments, words...)
		case hasValue:
			arguments = append(arguments, flag, value)
		default:
			arguments = append(arguments, flag)
		}
		for _, argument := range arguments {
			if _, ok := quote(argument); !ok {
				return nil, invalid("has spaces and both kinds of quotes, which go cannot hand on to the linker: leave one kind out")
			}
		}
	}
	return arguments, nil
}

// linkerFlags returns all linker flags of a valid source as one argument of go build.
func (s Source) linkerFlags() string {
	arguments, _ := s.linkerArguments()
	for i, argument := range arguments {
		arguments[i], _ = quote(argument)
	}
	return strings.Join(arguments, " ")
}

// split returns the words of a text as go does: apart by spaces, or within quotes of either kind, without escapes.
func split(text string) (words []string, ok bool) {
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		var word string
		if q := text[:1]; q == `'` || q == `"` {
			if word, text, ok = strings.Cut(text[1:], q); !ok {
				return nil, false
			}
		} else {
			end := strings.IndexAny(text, " \t\r\n")
			if end < 0 {
				end = len(text)
			}
			word, text = text[:end], text[end:]
		}
		words = append(words, word)
	}
	return words, true
}

// unquoted returns a value without the quotes around it, if there are any.
func unquoted(value string) (text string, quoted bool) {
	for _, q := range []string{`'`, `"`} {
		if len(value) > 1 && strings.HasPrefix(value, q) && strings.HasSuffix(value, q) && strings.Count(value, q) == 2 {
			return value[1 : len(value)-1], true
		}
	}
	return value, false
}

// quote returns the argument so that go, which splits at spaces outside of quotes and knows no escapes, takes it for one.
func quote(argument string) (text string, ok bool) {
	if argument != "" && !strings.ContainsAny(argument, " \t\r\n") && !strings.ContainsAny(argument[:1], `'"`) {
		return argument, true
	}
	for _, q := range []string{`'`, `"`} {
		if !strings.Contains(argument, q) {
			return q + argument + q, true
		}
	}
	return "", false
}
