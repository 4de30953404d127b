package expression

import (
	"strings"
	"testing"
	"time"
)

// firings returns up to n firings from a time on.
func firings(t *testing.T, text, zone, from string, n int) []string {
	t.Helper()
	location, err := Zone(zone)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := Parse(text, location)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339, from)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for begin := at.Add(time.Nanosecond); len(got) < n; {
		if at = parsed.Next(at, begin.Truncate(time.Minute)); at.IsZero() {
			break
		}
		got = append(got, at.UTC().Format("2006-01-02T15:04:05"))
	}
	return got
}

func TestNext(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, zone, from, want string }{
		{"at(2026-11-20T13:00:05)", "UTC", "2026-11-20T13:00:04Z", "2026-11-20T13:00:05"},
		{"at(2026-11-20T13:00:00)", "America/New_York", "2026-11-20T00:00:00Z", "2026-11-20T18:00:00"},
		{"at(2026-11-20T13:00:00)", "UTC", "2026-11-20T13:00:00Z", ""},

		{"rate(5 minutes)", "UTC", "2026-11-20T13:00:00Z", "2026-11-20T13:05:00 2026-11-20T13:10:00"},
		{"rate(1 hour)", "UTC", "2026-11-20T13:00:00Z", "2026-11-20T14:00:00 2026-11-20T15:00:00"},
		{"rate(1 days)", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T12:00:00 2026-10-26T12:00:00"},

		{"cron(15 10 * * ? *)", "UTC", "2026-11-20T13:00:00Z", "2026-11-21T10:15:00 2026-11-22T10:15:00"},
		{"cron(0/20 8 ? * MON-FRI *)", "UTC", "2026-11-20T08:30:00Z", "2026-11-20T08:40:00 2026-11-23T08:00:00 2026-11-23T08:20:00"},
		{"cron(0 12 ? * fri-sun *)", "UTC", "2026-11-23T00:00:00Z", "2026-11-27T12:00:00 2026-11-28T12:00:00 2026-11-29T12:00:00 2026-12-04T12:00:00"},
		{"cron(5,50 22-1 1 JAN,JUL ? *)", "UTC", "2026-06-01T00:00:00Z", "2026-07-01T00:05:00 2026-07-01T00:50:00 2026-07-01T01:05:00 2026-07-01T01:50:00 2026-07-01T22:05:00"},
		{"cron(0 0 L * ? *)", "UTC", "2026-01-31T00:00:00Z", "2026-02-28T00:00:00 2026-03-31T00:00:00"},
		{"cron(0 0 29 2 ? *)", "UTC", "2026-01-31T00:00:00Z", "2028-02-29T00:00:00"},
		{"cron(0 0 31 2 ? *)", "UTC", "2026-01-31T00:00:00Z", ""},
		{"cron(0 0 1W * ? 2026)", "UTC", "2026-07-31T00:00:00Z", "2026-08-03T00:00:00 2026-09-01T00:00:00 2026-10-01T00:00:00 2026-11-02T00:00:00"},
		{"cron(0 0 31W * ? *)", "UTC", "2026-05-01T00:00:00Z", "2026-05-29T00:00:00 2026-07-31T00:00:00"},
		{"cron(0 0 15W * ? *)", "UTC", "2026-08-01T00:00:00Z", "2026-08-14T00:00:00 2026-09-15T00:00:00"},
		{"cron(0 0 ? * L *)", "UTC", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00 2026-11-28T00:00:00"},
		{"cron(0 0 ? * 6L *)", "UTC", "2026-11-01T00:00:00Z", "2026-11-27T00:00:00 2026-12-25T00:00:00"},
		{"cron(0 0 ? * TUE#2 *)", "UTC", "2026-11-11T00:00:00Z", "2026-12-08T00:00:00 2027-01-12T00:00:00"},
		{"cron(0 0 1 1 ? 2027/2)", "UTC", "2026-11-11T00:00:00Z", "2027-01-01T00:00:00 2029-01-01T00:00:00"},
		{"cron(0 0 1 1 ? 2025)", "UTC", "2026-11-11T00:00:00Z", ""},

		// Clocks go from 2:00 to 3:00 on 29 March, and from 3:00 to 2:00 on 25 October.
		{"cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-27T12:00:00Z", "2026-03-28T01:30:00 2026-03-30T00:30:00"},
		{"cron(0 2,4 * * ? *)", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T02:00:00 2026-03-30T00:00:00"},
		{"cron(30 4 * * ? *)", "Europe/Berlin", "2026-10-24T00:00:00Z", "2026-10-24T02:30:00 2026-10-25T03:30:00"},
	} {
		want := strings.Fields(test.want)
		got := firings(t, test.text, test.zone, test.from, max(len(want), 1))
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s in %s from %s: got %v, want %v", test.text, test.zone, test.from, got, want)
		}
	}
}

func TestATimeThatClocksShowTwiceFiresOnce(t *testing.T) {
	t.Parallel()
	got := firings(t, "cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-24T12:00:00Z", 2)
	if !strings.HasPrefix(got[0], "2026-10-25T0") || got[1] != "2026-10-26T01:30:00" {
		t.Errorf("got %v", got)
	}
}

func TestARateBeginsAtItsBeginning(t *testing.T) {
	t.Parallel()
	parsed, err := Parse("rate(7 minutes)", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]time.Duration{
		-time.Hour: 0, -1: 0, 0: 7 * time.Minute, 20 * time.Minute: 21 * time.Minute, 21 * time.Minute: 28 * time.Minute,
	} {
		if got := parsed.Next(begin.Add(after), begin).Sub(begin); got != want {
			t.Errorf("after %s: got %s, want %s", after, got, want)
		}
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                          "neither at(",
		"5 minutes":                 "neither at(",
		"every(5 minutes)":          "begins with neither",
		"rate(5 minutes":            "neither at(",
		"rate(5)":                   "has 1 parts instead of 2",
		"rate(0 minutes)":           `value "0"`,
		"rate(1.5 hours)":           `value "1.5"`,
		"rate(5 weeks)":             `unit "weeks"`,
		"rate(99999999 days)":       "more than 100 years",
		"at(2026-11-20)":            "no time",
		"at(2026-11-20T13:00:00Z)":  "without a zone",
		"at(2026-02-30T13:00:00)":   "no time",
		"at(2026-11-20T13:00:00.5)": "no time",
		"cron(0 12 * * *)":          "has 5 fields instead of 6",
		"cron(0 12 * * * *)":        "exactly one of the two",
		"cron(0 12 ? * ? *)":        "exactly one of the two",
		"cron(0 12 1 * MON *)":      "exactly one of the two",
		"cron(60 12 * * ? *)":       `"60" in the field minutes is no value from 0 to 59`,
		"cron(*/60 12 * * ? *)":     `step "60" in the field minutes`,
		"cron(0/0 12 * * ? *)":      `step "0"`,
		"cron(0 24 * * ? *)":        "field hours",
		"cron(0 1- * * ? *)":        "field hours",
		"cron(0 12 0 * ? *)":        "field day of month",
		"cron(0 12 32W * ? *)":      "field day of month",
		"cron(0 12 * FEBR ? *)":     "or JAN to DEC",
		"cron(0 12 ? * 0 *)":        "or SUN to SAT",
		"cron(0 12 ? * 3#6 *)":      `"6" in the field day of week`,
		"cron(0 12 ? * 3#1,6#3 *)":  "field day of week",
		"cron(0 12 ? * 8L *)":       "field day of week",
		"cron(0 12 * * ? 1969)":     "field year",
		"cron(0 12 * * ? ?)":        "field year",
	} {
		if _, err := Parse(text, time.UTC); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestZone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Local", "Mars/Olympus", "../etc/passwd"} {
		if _, err := Zone(name); err == nil {
			t.Errorf("%q: no error", name)
		}
	}
}
