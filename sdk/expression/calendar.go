package expression

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// calendar is a cron expression: the minutes of a day at which it fires, on the days that match.
type calendar struct {
	zone           *time.Location
	minutes, hours []int
	months, years  set
	day            func(time.Time) bool
}

func parseCalendar(text string, zone *time.Location) (*calendar, error) {
	fields := strings.Fields(text)
	if len(fields) != 6 {
		return nil, fmt.Errorf("cron(%s) has %d fields instead of 6: minutes, hours, day of month, month, day of week, year",
			text, len(fields))
	}
	c := &calendar{zone: zone}
	var sets [6]set
	for i, field := range []field{minutes, hours, daysOfMonth, months, daysOfWeek, years} {
		if i == 2 || i == 4 {
			continue // a day is told by one of the two only
		}
		var err error
		if sets[i], err = field.parse(fields[i]); err != nil {
			return nil, err
		}
	}
	c.minutes, c.hours = slices.Sorted(maps.Keys(sets[0])), slices.Sorted(maps.Keys(sets[1]))
	c.months, c.years = sets[3], sets[5]
	ofMonth, ofWeek := fields[2], fields[4]
	if (ofMonth == "?") == (ofWeek == "?") {
		return nil, fmt.Errorf("cron(%s) tells days both by month (%s) and by week (%s), or by neither: "+
			"write ? for exactly one of the two", text, ofMonth, ofWeek)
	}
	var err error
	if ofWeek == "?" {
		c.day, err = parseDayOfMonth(ofMonth)
	} else {
		c.day, err = parseDayOfWeek(ofWeek)
	}
	return c, err
}

// next returns the first firing after a time. As in Scheduler, a time that clocks skip is skipped, and one that they show twice fires once.
func (c *calendar) next(after time.Time) time.Time {
	after = after.In(c.zone)
	for day := date(after.Year(), after.Month(), after.Day()); day.Year() <= years.high; day = day.AddDate(0, 0, 1) {
		switch {
		case !c.years[day.Year()]:
			day = date(day.Year(), time.December, 31)
			continue
		case !c.months[int(day.Month())]:
			day = date(day.Year(), day.Month()+1, 0)
			continue
		case !c.day(day):
			continue
		}
		if found := c.within(day, after); !found.IsZero() {
			return found
		}
	}
	return time.Time{}
}

// within returns the first firing of a day after a time.
func (c *calendar) within(day, after time.Time) time.Time {
	for _, hour := range c.hours {
		for _, minute := range c.minutes {
			at := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, c.zone)
			if at.After(after) && at.Hour() == hour && at.Minute() == minute {
				return at
			}
		}
	}
	return time.Time{}
}

// date is a day without a time zone, whose clocks would make some days shorter.
func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// parseDayOfMonth reads numbers, L (the last day), or 15W (the weekday that is closest to the 15th, in the same month).
func parseDayOfMonth(text string) (func(time.Time) bool, error) {
	if text == "L" {
		return func(day time.Time) bool { return day.Day() == lastOfMonth(day) }, nil
	}
	if number, ok := strings.CutSuffix(text, "W"); ok {
		wanted, err := daysOfMonth.value(number)
		if err != nil {
			return nil, err
		}
		return func(day time.Time) bool {
			return wanted <= lastOfMonth(day) && day.Day() == closestWeekday(day, wanted)
		}, nil
	}
	numbers, err := daysOfMonth.parse(text)
	return func(day time.Time) bool { return numbers[day.Day()] }, err
}

// parseDayOfWeek reads numbers and names, L (Saturday), 6L (the last Friday of a month), or 3#2 (the second Tuesday of a month).
func parseDayOfWeek(text string) (func(time.Time) bool, error) {
	if text == "L" {
		return func(day time.Time) bool { return day.Weekday() == time.Saturday }, nil
	}
	if name, ok := strings.CutSuffix(text, "L"); ok {
		wanted, err := daysOfWeek.value(name)
		return func(day time.Time) bool { return weekday(day) == wanted && day.Day() > lastOfMonth(day)-7 }, err
	}
	if name, number, ok := strings.Cut(text, "#"); ok {
		wanted, err := daysOfWeek.value(name)
		if err != nil {
			return nil, err
		}
		nth, err := field{name: "day of week", low: 1, high: 5}.value(number)
		return func(day time.Time) bool { return weekday(day) == wanted && (day.Day()-1)/7+1 == nth }, err
	}
	numbers, err := daysOfWeek.parse(text)
	return func(day time.Time) bool { return numbers[weekday(day)] }, err
}

// weekday counts from Sunday, which is 1.
func weekday(day time.Time) int { return int(day.Weekday()) + 1 }

func lastOfMonth(day time.Time) int { return date(day.Year(), day.Month()+1, 0).Day() }

// closestWeekday returns the day from Monday to Friday of day's month that is closest to its wanted day.
func closestWeekday(day time.Time, wanted int) int {
	switch date(day.Year(), day.Month(), wanted).Weekday() {
	case time.Saturday:
		if wanted == 1 {
			return 3
		}
		return wanted - 1
	case time.Sunday:
		if wanted == lastOfMonth(day) {
			return wanted - 2
		}
		return wanted + 1
	}
	return wanted
}
