package sqs

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// settings is what the attributes of a queue mean.
type settings struct {
	visibilityTimeout time.Duration
	delay             time.Duration
	receiveWait       time.Duration
	retention         time.Duration
	maxMessageSize    int // bytes, attributes included
	contentBased      bool
	perGroup          bool // deduplication IDs count within their group only
	redrive           *redrivePolicy
	redriveAllow      *redriveAllowPolicy
}

// integerAttribute is an attribute with a range, in seconds or bytes (API reference of CreateQueue).
type integerAttribute struct{ min, max, standard int }

var integerAttributes = map[string]integerAttribute{
	"DelaySeconds":                  {0, 900, 0},
	"MaximumMessageSize":            {1024, 1_048_576, 1_048_576},
	"MessageRetentionPeriod":        {60, 1_209_600, 345_600},
	"ReceiveMessageWaitTimeSeconds": {0, 20, 0},
	"VisibilityTimeout":             {0, 43_200, 30},
	"KmsDataKeyReusePeriodSeconds":  {60, 86_400, 300},
}

// choiceAttributes are the attributes with a fixed set of values; the first is the default.
var choiceAttributes = map[string][]string{
	"FifoQueue":                 {"false", "true"},
	"ContentBasedDeduplication": {"false", "true"},
	"DeduplicationScope":        {"queue", "messageGroup"},
	"FifoThroughputLimit":       {"perQueue", "perMessageGroupId"},
	"SqsManagedSseEnabled":      {"true", "false"},
}

// canonical checks the values that a caller set and returns them in the form in which SQS gives them back. An empty value
// takes the attribute away, where that can be.
func canonical(attributes map[string]string) (map[string]string, error) {
	values := maps.Clone(attributes)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		value := attributes[name]
		if integer, ok := integerAttributes[name]; ok {
			n, err := strconv.Atoi(value)
			if err != nil || n < integer.min || n > integer.max {
				return nil, invalidAttributeValue(name, "")
			}
			values[name] = strconv.Itoa(n)
			continue
		}
		if choices, ok := choiceAttributes[name]; ok {
			choice, ok := choose(choices, value)
			if !ok {
				return nil, invalidAttributeValue(name, "")
			}
			values[name] = choice
			continue
		}
		document, err := canonicalDocument(name, value)
		if err != nil {
			return nil, err
		}
		values[name] = document
	}
	return values, nil
}

// choose finds value among choices, in any case: botocore's users write "True".
func choose(choices []string, value string) (choice string, ok bool) {
	for _, choice := range choices {
		if strings.EqualFold(choice, value) {
			return choice, true
		}
	}
	return "", false
}

// canonicalDocument checks the attributes whose values are JSON, and leaves others alone.
func canonicalDocument(name, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	switch name {
	case "Policy":
		var policy map[string]any
		if err := json.Unmarshal([]byte(value), &policy); err != nil || policy["Statement"] == nil {
			return "", invalidAttributeValue(name, "")
		}
	case "RedrivePolicy":
		policy, err := parseRedrivePolicy(value)
		if err != nil {
			return "", err
		}
		return policy.String(), nil
	case "RedriveAllowPolicy":
		policy, err := parseRedriveAllowPolicy(value)
		if err != nil {
			return "", err
		}
		return policy.String(), nil
	}
	return value, nil
}

// effective adds to the attributes that were set the defaults of the others, as GetQueueAttributes shows them.
func effective(set map[string]string, fifo bool) map[string]string {
	all := map[string]string{}
	for name, integer := range integerAttributes {
		all[name] = strconv.Itoa(integer.standard)
	}
	for name, choices := range choiceAttributes {
		all[name] = choices[0]
	}
	maps.Copy(all, set)
	if fifo {
		all["FifoQueue"] = "true"
	} else {
		maps.DeleteFunc(all, func(name, _ string) bool { return isFIFOAttribute(name) })
	}
	if all["KmsMasterKeyId"] == "" {
		delete(all, "KmsDataKeyReusePeriodSeconds")
	} else {
		all["SqsManagedSseEnabled"] = "false"
	}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

func isFIFOAttribute(name string) bool {
	switch name {
	case "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit":
		return true
	}
	return false
}

// interpret reads settings out of attributes that canonical has checked.
func interpret(set map[string]string, fifo bool) (settings, error) {
	all := effective(set, fifo)
	integer := func(name string) int {
		n, err := strconv.Atoi(all[name])
		if err != nil {
			return integerAttributes[name].standard
		}
		return n
	}
	seconds := func(name string) time.Duration { return time.Duration(integer(name)) * time.Second }
	s := settings{
		visibilityTimeout: seconds("VisibilityTimeout"),
		delay:             seconds("DelaySeconds"),
		receiveWait:       seconds("ReceiveMessageWaitTimeSeconds"),
		retention:         seconds("MessageRetentionPeriod"),
		maxMessageSize:    integer("MaximumMessageSize"),
		contentBased:      all["ContentBasedDeduplication"] == "true",
		perGroup:          all["DeduplicationScope"] == "messageGroup",
	}
	if all["FifoThroughputLimit"] == "perMessageGroupId" && !s.perGroup {
		return s, invalidAttributeValue("FifoThroughputLimit",
			"The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.")
	}
	var err error
	if policy := all["RedrivePolicy"]; policy != "" {
		if s.redrive, err = parseRedrivePolicy(policy); err != nil {
			return s, err
		}
	}
	if policy := all["RedriveAllowPolicy"]; policy != "" {
		if s.redriveAllow, err = parseRedriveAllowPolicy(policy); err != nil {
			return s, err
		}
	}
	return s, nil
}
