// Package scan reads JSON in one pass without building anything of it. It accepts and decodes exactly what encoding/json does, in a
// fraction of the time and without its allocations, which the handling of a small message would mostly consist of otherwise.
package scan

import (
	"errors"
	"unicode/utf8"
)

// ErrSyntax is what reading answers where the text is no JSON, or JSON of another kind than was asked for.
var ErrSyntax = errors.New("not the JSON that was expected")

// maxDepth is how deep arrays and objects may be nested, as in encoding/json.
const maxDepth = 10_000

// Scanner stands before a value of a JSON text. Each method reads that value or fails with [ErrSyntax], after which the scanner is of
// no more use.
type Scanner struct {
	text  []byte
	at    int
	depth int
}

// New returns a scanner at the beginning of a JSON text, which must not change while it is read.
func New(text []byte) Scanner { return Scanner{text: text} }

// End fails unless nothing but space follows.
func (s *Scanner) End() error {
	if s.space(); s.at < len(s.text) {
		return ErrSyntax
	}
	return nil
}

// Kind tells what value follows by its first character: '"', '{', '[', 't', 'f', 'n', '-' or a digit; 0 at the end.
func (s *Scanner) Kind() byte { return s.space() }

// space skips white space and returns the character that follows, 0 at the end.
func (s *Scanner) space() byte {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// take skips white space and then the character c, if it follows.
func (s *Scanner) take(c byte) bool {
	if s.space() != c || s.at == len(s.text) {
		return false
	}
	s.at++
	return true
}

// Object reads an object. It calls member before each member's value, which member has to read. The key may be a part of
// the scanner's text.
func (s *Scanner) Object(member func(key []byte) error) error {
	if !s.take('{') {
		return ErrSyntax
	}
	return s.list('}', func() error {
		key, err := s.key()
		if err != nil {
			return err
		}
		if !s.take(':') {
			return ErrSyntax
		}
		return member(key)
	})
}

// key reads a string. As it is hardly ever other than plain, it is a part of the text then.
func (s *Scanner) key() ([]byte, error) {
	if s.space() != '"' {
		return nil, ErrSyntax
	}
	start := s.at + 1
	s.at = start
	if s.plain() == '"' && utf8.Valid(s.text[start:s.at]) {
		s.at++
		return s.text[start : s.at-1], nil
	}
	s.at = start - 1
	return s.AppendString(nil)
}

// Array reads an array. It calls element before each element, which element has to read.
func (s *Scanner) Array(element func() error) error {
	if !s.take('[') {
		return ErrSyntax
	}
	return s.list(']', element)
}

// list reads items and the commas between them, up to the character that ends them.
func (s *Scanner) list(end byte, item func() error) error {
	if s.depth++; s.depth > maxDepth {
		return ErrSyntax
	}
	defer func() { s.depth-- }()
	if s.take(end) {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if s.take(end) {
			return nil
		}
		if !s.take(',') {
			return ErrSyntax
		}
	}
}

// Value reads any value and returns its text, a part of the scanner's own.
func (s *Scanner) Value() ([]byte, error) {
	c := s.space()
	start := s.at
	var err error
	switch c {
	case '"':
		err = s.skipString()
	case '{':
		err = s.skipObject()
	case '[':
		err = s.skipArray()
	case 't':
		err = s.literal("true")
	case 'f':
		err = s.literal("false")
	case 'n':
		err = s.literal("null")
	default:
		err = s.number()
	}
	return s.text[start:s.at:s.at], err
}

func (s *Scanner) skipObject() error {
	s.at++
	return s.list('}', func() error {
		if s.space() != '"' {
			return ErrSyntax
		}
		if err := s.skipString(); err != nil {
			return err
		}
		if !s.take(':') {
			return ErrSyntax
		}
		_, err := s.Value()
		return err
	})
}

func (s *Scanner) skipArray() error {
	s.at++
	return s.list(']', func() error {
		_, err := s.Value()
		return err
	})
}

func (s *Scanner) literal(text string) error {
	if rest := s.text[s.at:]; len(rest) < len(text) || string(rest[:len(text)]) != text {
		return ErrSyntax
	}
	s.at += len(text)
	return nil
}

func (s *Scanner) number() error {
	s.character('-')
	switch {
	case s.character('0'):
	case s.digits():
	default:
		return ErrSyntax
	}
	if s.character('.') && !s.digits() {
		return ErrSyntax
	}
	if s.character('e') || s.character('E') {
		if !s.character('+') {
			s.character('-')
		}
		if !s.digits() {
			return ErrSyntax
		}
	}
	return nil
}

func (s *Scanner) character(c byte) bool {
	if s.at == len(s.text) || s.text[s.at] != c {
		return false
	}
	s.at++
	return true
}

func (s *Scanner) digits() bool {
	start := s.at
	for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > start
}

// plain moves on to the next character of a string that is not simply itself: its end, an escape or a control character.
func (s *Scanner) plain() byte {
	for i, c := range s.text[s.at:] {
		if c < ' ' || c == '"' || c == '\\' {
			s.at += i
			return c
		}
	}
	s.at = len(s.text)
	return 0
}

func (s *Scanner) skipString() error {
	s.at++
	for {
		switch s.plain() {
		case '"':
			s.at++
			return nil
		case '\\':
			if _, ok := s.escape(); !ok {
				return ErrSyntax
			}
		default:
			return ErrSyntax
		}
	}
}

// AppendString reads a string and appends what it stands for. What is no UTF-8 becomes U+FFFD, as in encoding/json.
func (s *Scanner) AppendString(to []byte) ([]byte, error) {
	if !s.take('"') {
		return nil, ErrSyntax
	}
	before := len(to)
	for {
		start := s.at
		end := s.plain()
		to = append(to, s.text[start:s.at]...)
		switch end {
		case '"':
			s.at++
			return valid(to, before), nil
		case '\\':
			r, ok := s.escape()
			if !ok {
				return nil, ErrSyntax
			}
			to = utf8.AppendRune(to, r)
		default:
			return nil, ErrSyntax
		}
	}
}

// valid puts U+FFFD for each byte from that index on that is not part of a UTF-8 character.
func valid(text []byte, from int) []byte {
	if utf8.Valid(text[from:]) {
		return text
	}
	mended := text[:from:from]
	for text = text[from:]; len(text) > 0; {
		r, size := utf8.DecodeRune(text)
		mended = utf8.AppendRune(mended, r)
		text = text[size:]
	}
	return mended
}
