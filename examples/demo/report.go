package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// eventKey is one type of event on one queue.
type eventKey struct{ queue, eventType string }

// row counts what became of the events of a type.
type row struct {
	sent         int       // events
	handled      int       // events; handling one twice does not count twice
	retried      int       // attempts that failed and were made again
	deadLettered int       // events that went to the dead-letter queue at once
	ages         []float64 // milliseconds from send to handled, of each event's first success
}

// table accounts for all events, by queue and type.
func table(sent map[eventKey]int, a *activity) map[eventKey]*row {
	rows := make(map[eventKey]*row)
	at := func(key eventKey) *row {
		if rows[key] == nil {
			rows[key] = new(row)
		}
		return rows[key]
	}
	for key, n := range sent {
		at(key).sent = n
	}
	seen := make(map[string]bool)
	for _, m := range a.messages {
		r := at(eventKey{m.Queue, m.Type})
		switch m.Outcome {
		case retried:
			r.retried++
		case deadLettered:
			r.deadLettered++
		case handled:
			if key := m.Queue + " " + m.ID; !seen[key] {
				seen[key] = true
				r.handled++
				r.ages = append(r.ages, m.Age)
			}
		}
	}
	return rows
}

// writeTable prints rows by queue, in the order given, and type, with a total for each queue. With brief it prints the totals
// alone.
func writeTable(w io.Writer, rows map[eventKey]*row, queues []string, brief bool) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "queue\tevent\tsent\thandled\tretried\tdead-lettered\tmedian\tp99\t")
	for _, queue := range queues {
		total := new(row)
		for _, key := range slices.SortedFunc(maps.Keys(rows), compareKeys) {
			if key.queue != queue {
				continue
			}
			total.add(rows[key])
			if !brief {
				writeRow(out, queue, key.eventType, rows[key])
			}
		}
		writeRow(out, queue, "all", total)
	}
	_ = out.Flush() // w is standard output
}

func (r *row) add(other *row) {
	r.sent += other.sent
	r.handled += other.handled
	r.retried += other.retried
	r.deadLettered += other.deadLettered
	r.ages = append(r.ages, other.ages...)
}

func writeRow(w io.Writer, queue, eventType string, r *row) {
	fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\t\n",
		queue, eventType, r.sent, r.handled, r.retried, r.deadLettered, quantile(r.ages, 0.5), quantile(r.ages, 0.99))
}

func compareKeys(a, b eventKey) int {
	return cmp.Or(strings.Compare(a.queue, b.queue), strings.Compare(a.eventType, b.eventType))
}

// quantile returns the smallest value that at least the share q of the values do not exceed, in whole milliseconds, or "-".
func quantile(milliseconds []float64, q float64) string {
	if len(milliseconds) == 0 {
		return "-"
	}
	sorted := slices.Sorted(slices.Values(milliseconds))
	rank := int(math.Ceil(q * float64(len(sorted))))
	value := sorted[min(max(rank, 1), len(sorted))-1]
	return (time.Duration(value+0.5) * time.Millisecond).String()
}

// writeRuntimes prints how many runtimes each function started, and how its invocations found them.
func writeRuntimes(w io.Writer, a *activity, functions []string) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "function\truntimes\tcold\twarm\t")
	for _, function := range functions {
		runtimes, cold, warm := 0, 0, 0
		for _, r := range a.runtimes {
			if r.function == function {
				runtimes++
				cold += r.cold
				warm += r.warm
			}
		}
		fmt.Fprintf(out, "%s\t%d\t%d\t%d\t\n", function, runtimes, cold, warm)
	}
	_ = out.Flush() // w is standard output
}
