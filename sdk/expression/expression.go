// Package expression reads the expressions by which EventBridge Scheduler is told when to fire: at(…) once, rate(…) in equal
// intervals, cron(…) by the calendar, the first and the last in a time zone.
package expression

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // for machines that have no time zones of their own
)

// atLayout is how at() writes a time; the zone is told apart.
const atLayout = "2006-01-02T15:04:05"

// Expression says when a schedule fires. The zero value never does.
type Expression struct {
	at       time.Time
	every    time.Duration
	calendar *calendar
}

// Zone finds a time zone by its IANA name, such as Europe/Berlin.
func Zone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, fmt.Errorf("there is no time zone %q; use a name such as Europe/Berlin or UTC", name)
	}
	return zone, nil
}

// Parse reads an expression whose times are those of zone. The error says which part of it is wrong and what is right.
func Parse(text string, zone *time.Location) (Expression, error) {
	kind, rest, ok := strings.Cut(text, "(")
	inner, closed := strings.CutSuffix(rest, ")")
	if !ok || !closed {
		return Expression{}, fmt.Errorf("%q is neither at(yyyy-mm-ddThh:mm:ss), rate(value unit) nor cron(fields)", text)
	}
	switch kind {
	case "at":
		at, err := time.ParseInLocation(atLayout, inner, zone)
		if err != nil || len(inner) != len(atLayout) {
			return Expression{}, fmt.Errorf("%q is no time: write at(yyyy-mm-ddThh:mm:ss), without a zone", inner)
		}
		return Expression{at: at}, nil
	case "rate":
		every, err := parseRate(inner)
		return Expression{every: every}, err
	case "cron":
		calendar, err := parseCalendar(inner, zone)
		return Expression{calendar: calendar}, err
	}
	return Expression{}, fmt.Errorf("%q begins with neither at(, rate( nor cron(", text)
}

// maxRate keeps a rate within what a time.Duration holds.
const maxRate = 100 * 365 * 24 * time.Hour

func parseRate(text string) (time.Duration, error) {
	fields := strings.Fields(text)
	if len(fields) != 2 {
		return 0, fmt.Errorf("rate(%s) has %d parts instead of 2, a number and a unit such as in rate(5 minutes)", text, len(fields))
	}
	units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
	unit, ok := units[strings.TrimSuffix(fields[1], "s")]
	if !ok {
		return 0, fmt.Errorf("the unit %q of rate(%s) is none of minutes, hours and days", fields[1], text)
	}
	value, err := strconv.Atoi(fields[0])
	if err != nil || value < 1 {
		return 0, fmt.Errorf("the value %q of rate(%s) is no positive whole number", fields[0], text)
	}
	if value > int(maxRate/unit) {
		return 0, errors.New("rate(" + text + ") is more than 100 years")
	}
	return time.Duration(value) * unit, nil
}

// Once reports whether the expression is an at(), which fires once.
func (e Expression) Once() bool { return !e.at.IsZero() }

// Regular reports whether the expression is a rate(), whose firings depend on when it begins.
func (e Expression) Regular() bool { return e.every > 0 }

// Next returns the first firing after a time, or the zero time if there is none. A rate fires first at begin, which the other
// expressions ignore.
func (e Expression) Next(after, begin time.Time) time.Time {
	switch {
	case e.calendar != nil:
		return e.calendar.next(after)
	case e.Regular() && begin.After(after):
		return begin
	case e.Regular():
		return begin.Add(after.Sub(begin).Truncate(e.every) + e.every)
	case e.at.After(after):
		return e.at
	}
	return time.Time{}
}
