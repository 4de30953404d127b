package scan

import "unicode/utf16"

// escape reads an escape of a string, which begins with a backslash, and returns the character it stands for. Two escapes that are a
// surrogate pair are read together; half a pair stands for U+FFFD.
func (s *Scanner) escape() (rune, bool) {
	if s.at++; s.at == len(s.text) {
		return 0, false
	}
	c := s.text[s.at]
	s.at++
	switch c {
	case '"', '\\', '/':
		return rune(c), true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'u':
		return s.unicode()
	}
	return 0, false
}

func (s *Scanner) unicode() (rune, bool) {
	r, ok := hex(s.text[s.at:])
	if !ok {
		return 0, false
	}
	s.at += 4
	if !utf16.IsSurrogate(r) {
		return r, true
	}
	if rest := s.text[s.at:]; len(rest) > 2 && rest[0] == '\\' && rest[1] == 'u' {
		if low, ok := hex(rest[2:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != '\uFFFD' {
				s.at += 6
				return pair, true
			}
		}
	}
	return '\uFFFD', true
}

// hex reads four hexadecimal digits.
func hex(text []byte) (rune, bool) {
	if len(text) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range text[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
