package expression

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// field is one of the six of a cron expression.
type field struct {
	name      string
	low, high int
	names     []string // of the values from low on; nil if they have none
}

var (
	minutes     = field{name: "minutes", low: 0, high: 59}
	hours       = field{name: "hours", low: 0, high: 23}
	daysOfMonth = field{name: "day of month", low: 1, high: 31}
	months      = field{
		name: "month", low: 1, high: 12,
		names: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"},
	}
	daysOfWeek = field{name: "day of week", low: 1, high: 7, names: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}}
	years      = field{name: "year", low: 1970, high: 2199}
)

// set are the values of a field that match.
type set map[int]bool

// parse reads values, ranges and steps, separated by commas: 1,5-10,20/5.
func (f field) parse(text string) (set, error) {
	values := set{}
	for part := range strings.SplitSeq(text, ",") {
		if err := f.add(values, part); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (f field) add(values set, part string) error {
	span, stepText, stepped := strings.Cut(part, "/")
	step := 1
	if stepped {
		var err error
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > f.high {
			return fmt.Errorf("the step %q in the field %s is no number from 1 to %d", stepText, f.name, f.high)
		}
	}
	first, last, err := f.span(span, stepped)
	if err != nil {
		return err
	}
	if last < first { // as in FRI-MON
		last += f.high - f.low + 1
	}
	for value := first; value <= last; value += step {
		values[f.low+(value-f.low)%(f.high-f.low+1)] = true
	}
	return nil
}

// span reads *, a value or a range. A value that is followed by a step is where the steps begin.
func (f field) span(text string, stepped bool) (first, last int, err error) {
	if text == "*" {
		return f.low, f.high, nil
	}
	begin, end, ranged := strings.Cut(text, "-")
	if first, err = f.value(begin); err != nil {
		return 0, 0, err
	}
	switch {
	case ranged:
		last, err = f.value(end)
	case stepped:
		last = f.high
	default:
		last = first
	}
	return first, last, err
}

// value reads a number or a name.
func (f field) value(text string) (int, error) {
	if i := slices.Index(f.names, strings.ToUpper(text)); i >= 0 {
		return f.low + i, nil
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < f.low || value > f.high {
		return 0, fmt.Errorf("%q in the field %s is no value from %s", text, f.name, f.values())
	}
	return value, nil
}

func (f field) values() string {
	text := fmt.Sprintf("%d to %d", f.low, f.high)
	if f.names != nil {
		text += fmt.Sprintf(" or %s to %s", f.names[0], f.names[len(f.names)-1])
	}
	return text
}
