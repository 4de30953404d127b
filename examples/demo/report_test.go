package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReport(t *testing.T) {
	t.Parallel()
	sent := map[eventKey]int{
		{"acme-webhooks", "github.push"}: 2,
		{"acme-webhooks", "github.ping"}: 1,
		{"acme-jobs", "run.requested"}:   2,
	}
	a := &activity{
		runtimes: map[string]*runtime{
			"a": {function: "acme-webhooks", cold: 1, warm: 3},
			"b": {function: "acme-webhooks", cold: 1},
		},
		messages: []message{
			{Queue: "acme-webhooks", Type: "github.push", ID: "1", Outcome: retried},
			{Queue: "acme-webhooks", Type: "github.push", ID: "1", Outcome: handled, Age: 1000.4},
			{Queue: "acme-webhooks", Type: "github.push", ID: "2", Outcome: handled, Age: 4},
			{Queue: "acme-webhooks", Type: "github.push", ID: "2", Outcome: handled, Age: 9000}, // SQS delivered it twice
			{Queue: "acme-webhooks", Type: "github.ping", ID: "3", Outcome: deadLettered},
		},
	}
	var out strings.Builder
	writeTable(&out, table(sent, a), []string{"acme-webhooks", "acme-jobs"}, false)
	writeRuntimes(&out, a, []string{"acme-webhooks", "acme-jobs"})
	want := `
          queue          event  sent  handled  retried  dead-lettered  median  p99
  acme-webhooks    github.ping     1        0        0              1       -    -
  acme-webhooks    github.push     2        2        1              0     4ms   1s
  acme-webhooks            all     3        2        1              1     4ms   1s
      acme-jobs  run.requested     2        0        0              0       -    -
      acme-jobs            all     2        0        0              0       -    -
       function  runtimes  cold  warm
  acme-webhooks         2     2     3
      acme-jobs         0     0     0
`
	if diff := cmp.Diff(want, "\n"+out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for _, test := range []struct {
		values []float64
		q      float64
		want   string
	}{
		{nil, 0.5, "-"},
		{[]float64{7.6}, 0.99, "8ms"},
		{[]float64{3, 1, 2}, 0.5, "2ms"},
		{[]float64{1, 2}, 0.5, "1ms"},
		{hundred, 0.5, "50ms"},
		{hundred, 0.99, "99ms"},
		{hundred, 1, "100ms"},
	} {
		if got := quantile(test.values, test.q); got != test.want {
			t.Errorf("quantile %v of %v is %s, want %s", test.q, test.values, got, test.want)
		}
	}
}
