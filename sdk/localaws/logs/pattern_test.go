package logs

import "testing"

func TestPatternMatches(t *testing.T) {
	t.Parallel()
	const handled = `{"msg":"event handled","outcome":"handled","attempt":2,"nested":{"tags":["a","b"]},"error":null,"last":true}`
	for _, test := range []struct {
		pattern, message string
		want             bool
	}{
		{"", "anything", true},
		{"ERROR", "[ERROR 400] BAD REQUEST", true},
		{"error", "[ERROR 400] BAD REQUEST", false},
		{"ERROR BAD", "[ERROR 400] BAD REQUEST", true},
		{"ERROR WORSE", "[ERROR 400] BAD REQUEST", false},
		{`"400] BAD"`, "[ERROR 400] BAD REQUEST", true},
		{`"say \"hi\""`, `they say "hi" to you`, true},
		{"?WARN ?ERROR", "[ERROR 400]", true},
		{"?WARN ?INFO", "[ERROR 400]", false},
		{"?WARN 400", "[ERROR 400]", true},
		{"ERROR -400", "[ERROR 400]", false},
		{`ERROR -"500"`, "[ERROR 400]", true},
		{"-ERROR", "fine", true},
		{"%4[0-9]+%", "[ERROR 400]", true},
		{"%5[0-9]+%", "[ERROR 400]", false},

		{`{ $.outcome = "handled" }`, handled, true},
		{`{$.outcome="handled"}`, handled, true},
		{`{ $.outcome = handled }`, handled, true},
		{`{ $.outcome = "hand*" }`, handled, true},
		{`{ $.outcome = "and*" }`, handled, false},
		{`{ $.outcome = %^hand% }`, handled, true},
		{`{ $.outcome != "handled" }`, handled, false},
		{`{ $.absent != "x" }`, handled, false},
		{`{ $.attempt = 2 }`, handled, true},
		{`{ $.attempt > 1 && $.attempt <= 2 }`, handled, true},
		{`{ $.attempt > 2 || $.attempt < 1 }`, handled, false},
		{`{ ($.attempt > 2 || $.attempt = 2) && $.last IS TRUE }`, handled, true},
		{`{ $.nested.tags[1] = "b" }`, handled, true},
		{`{ $["nested"].tags[2] = "b" }`, handled, false},
		{`{ $.nested.tags[7] NOT EXISTS }`, handled, true},
		{`{ $.error IS NULL }`, handled, true},
		{`{ $.msg IS NULL }`, handled, false},
		{`{ $.absent NOT EXISTS }`, handled, true},
		{`{ $.msg NOT EXISTS }`, handled, false},
		{`{ $.outcome > 1 }`, handled, false},
		{`{ $.outcome = "handled" }`, "START RequestId: 1", false},
		{`{ $.outcome = "handled" }`, "{broken", false},
	} {
		matches, err := parsePattern(test.pattern)
		if err != nil {
			t.Errorf("%s: %s", test.pattern, err)
			continue
		}
		if got := matches(test.message); got != test.want {
			t.Errorf("%s on %s: got %t, want %t", test.pattern, test.message, got, test.want)
		}
	}
}

func TestPatternIsRefused(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		`"open`, `%[%`, `[ip, user]`, `{`, `{}`, `{ $.a }`, `{ $.a = }`, `{ $.a = "x"`, `{ $.a = "x" } }`, `{ a = "x" }`, `{ $.a > x }`,
		`{ $.a IS 3 }`, `{ $.a NOT 3 }`, `{ ($.a = 1 }`, `{ $.a = 1 && }`, `{ $.a ~ 1 }`, `{ $.a = "\q" }`, `{ $.a = %(% }`,
	} {
		if _, err := parsePattern(pattern); err == nil {
			t.Errorf("%s: accepted", pattern)
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add(`{ $.a.b[0] = "x*" && ($.c > 3 || $.d NOT EXISTS) }`, `{"a":{"b":["x"]}}`)
	f.Add(`?a -"b c" %d% e`, "a b c d e")
	f.Fuzz(func(_ *testing.T, pattern, message string) {
		if matches, err := parsePattern(pattern); err == nil {
			matches(message)
		}
	})
}
