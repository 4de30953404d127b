package iam

import "strings"

// matches tells whether text fits a pattern, in which * stands for any number of characters and ? for exactly one. A star that
// turns out to be too short is made longer; only the last one ever needs that.
func matches(pattern, text string) bool {
	p, t := 0, 0
	star, resume := -1, 0 // the last star, and where the text after it began
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			resume++
			p, t = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matchesFold is matches without regard to case.
func matchesFold(pattern, text string) bool {
	return matches(strings.ToLower(pattern), strings.ToLower(text))
}

// matchesARN is matches for each of the six parts of an ARN: a star does not reach across colons, except in the last part.
func matchesARN(pattern, arn string) bool {
	const parts = 6
	patterns, texts := strings.SplitN(pattern, ":", parts), strings.SplitN(arn, ":", parts)
	if len(patterns) != parts || len(texts) != parts {
		return pattern == "*"
	}
	for i := range parts {
		if !matches(patterns[i], texts[i]) {
			return false
		}
	}
	return true
}
