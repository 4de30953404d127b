package sqs

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// MessageAttributeValue is the value of a message attribute. DataType begins with String, Number or Binary; the list members
// exist in the API but SQS does not implement them.
type MessageAttributeValue struct {
	StringValue      *string  `json:",omitempty"`
	BinaryValue      []byte   `json:",omitempty"`
	StringListValues []string `json:",omitempty"`
	BinaryListValues [][]byte `json:",omitempty"`
	DataType         string
}

const (
	maxAttributes      = 10  // per message
	maxAttributeLength = 256 // bytes of an attribute's name, or of its type
	maxIDLength        = 128 // characters of a group or deduplication ID
	traceHeaderName    = "AWSTraceHeader"
)

// validText tells whether SQS accepts text as a body or a string value: the characters of XML 1.0.
func validText(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		switch r {
		case '\t', '\n', '\r':
			return false
		default:
			return r < 0x20 || r == 0xFFFE || r == 0xFFFF
		}
	})
}

// validID tells whether id can be a group or deduplication ID: letters, digits and ASCII punctuation.
func validID(id string) bool {
	printable := func(r rune) bool { return r > ' ' && r < unicode.MaxASCII }
	return id != "" && len(id) <= maxIDLength && !strings.ContainsFunc(id, func(r rune) bool { return !printable(r) })
}

func checkID(id *string, parameter string) error {
	if id == nil || validID(*id) {
		return nil
	}
	return invalidValue(*id, parameter, parameter+" can only include alphanumeric and punctuation characters. 1 to 128 in length.")
}

// checkAttributes checks the attributes that a producer gave a message.
func checkAttributes(attributes map[string]MessageAttributeValue) error {
	if len(attributes) > maxAttributes {
		return invalid("Number of message attributes [%d] exceeds the allowed maximum [%d].", len(attributes), maxAttributes)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if err := checkAttributeName(name); err != nil {
			return err
		}
		if err := checkAttributeValue(name, attributes[name]); err != nil {
			return err
		}
	}
	return nil
}

func checkAttributeName(name string) error {
	lower := strings.ToLower(name)
	foreign := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.", r)
	}
	switch {
	case name == "":
		return invalid("The request must contain non-empty message (user) attribute names.")
	case len(name) > maxAttributeLength:
		return invalid("Message (user) attribute name must be shorter than %d bytes.", maxAttributeLength)
	case strings.HasPrefix(lower, "aws."), strings.HasPrefix(lower, "amazon."):
		return invalid("You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. " +
			"These strings are reserved for internal use.")
	case strings.ContainsFunc(name, foreign):
		return invalid("Message (user) attributes name can only contain upper and lower score characters, digits, periods, " +
			"hyphens and underscores.")
	case strings.HasPrefix(name, "."), strings.HasSuffix(name, "."), strings.Contains(name, ".."):
		return invalid("Message (user) attribute names can't start or end with a period or have successive periods.")
	}
	return nil
}

func checkAttributeValue(name string, value MessageAttributeValue) error {
	if len(value.StringListValues) > 0 || len(value.BinaryListValues) > 0 {
		return modelled("UnsupportedOperation", queryNamespace+"UnsupportedOperation",
			"Message attribute list values in SendMessage operation are not supported.")
	}
	kind, _, _ := strings.Cut(value.DataType, ".")
	text := ""
	if value.StringValue != nil {
		text = *value.StringValue
	}
	empty := text == ""
	if kind == "Binary" {
		empty = len(value.BinaryValue) == 0
	}
	switch {
	case value.DataType == "":
		return invalid("The message (user) attribute '%s' must contain a non-empty message attribute type.", name)
	case kind != "String" && kind != "Number" && kind != "Binary":
		return invalid("The type of message (user) attribute '%s' is invalid. "+
			"You must use only the following supported type prefixes: Binary, Number, String.", name)
	case len(value.DataType) >= maxAttributeLength:
		return invalid("Message (user) attribute type must be shorter than %d bytes.", maxAttributeLength)
	case empty:
		return invalid("Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, kind)
	case kind == "Number" && !isNumber(text):
		return invalid("Can't cast the value of message (user) attribute '%s' to a number.", name)
	case kind != "Binary" && !validText(text):
		return invalid("Message (user) attribute '%s' contains invalid characters.", name)
	}
	return nil
}

// isNumber tells whether text is a decimal number of any size.
func isNumber(text string) bool {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(n, 0) || strings.ContainsAny(text, "xX_pP") {
		return false
	}
	return !math.IsNaN(n) && !strings.ContainsAny(text, "iI")
}

// traceHeader takes the X-Ray trace header, the one system attribute that a producer can set, out of attributes.
func traceHeader(attributes map[string]MessageAttributeValue) (string, error) {
	for name, value := range attributes {
		if name != traceHeaderName {
			return "", invalid("Message system attribute name '%s' is invalid.", name)
		}
		if value.DataType != "String" || value.StringValue == nil || *value.StringValue == "" {
			return "", invalid("Message (system) attribute '%s' must contain a non-empty value of type 'String'.", name)
		}
		return *value.StringValue, nil
	}
	return "", nil
}

// size is what counts towards the size limits: body, and names, types and values of the attributes.
func size(body string, attributes map[string]MessageAttributeValue) int {
	total := len(body)
	for name, value := range attributes {
		total += len(name) + len(value.DataType) + len(value.BinaryValue)
		if value.StringValue != nil {
			total += len(*value.StringValue)
		}
	}
	return total
}
