package provider

import (
	"fmt"
	"strings"
	"testing"
)

// many is the number of handlers that the promises are about.
const many = 20

// promise is what is measured of both providers, and what is wanted of this one. No benchmark fails where it is not kept.
type promise struct{ metric, what, wanted string }

var promises = []promise{
	{"apply-of-1-s", "apply of 1 handler, seconds", ""},
	{"apply-s", "apply of 20 handlers, seconds", "0.05 of theirs"},
	{"plan-s", "plan without changes, seconds", "0.25 of theirs"},
	{"destroy-s", "destroy, seconds", "0.1 of theirs"},
	{"apply-calls", "calls to apply", ""},
	{"plan-calls", "calls to plan", ""},
	{"destroy-calls", "calls to destroy", ""},
	{"refresh-calls/handler", "calls to plan, per handler", "7"},
	{"peak-MB", "peak memory of the provider, MB", "0.1 of theirs"},
	{"binary-MB", "binary, MB", "40"},
	{"schema-s", "`providers schema -json`, seconds", ""},
}

// figures are what was measured, by the metrics of the promises, once for each round.
type figures map[string][]float64

func (f figures) add(metric string, value float64) { f[metric] = append(f[metric], value) }

// BenchmarkPromises measures this provider beside the AWS provider, one after the other on one moto server, and prints a table of both.
// A handler is role, policy, log group, function, queue, dead-letter queue and mapping.
func BenchmarkPromises(b *testing.B) {
	aws := newCallCounter(b, startMoto(b))
	var ours, theirs figures
	b.Run("provider=handler", func(b *testing.B) {
		ours = measure(b, newHandler(b), aws, "plan", "-detailed-exitcode")
	})
	b.Run("provider=aws", func(b *testing.B) {
		theirs = measure(b, newAWS(b), aws, "plan") // it finds something to change on moto, time and again
	})
	fmt.Println(table(ours, theirs)) // a benchmark that only runs others has no log
}

// measure takes a provider through its acts.
func measure(b *testing.B, c *contestant, aws *callCounter, plan ...string) figures {
	b.Helper()
	c.in(aws.url, strings.TrimPrefix(aws.url, "http://")+"/acme@sha256:"+strings.Repeat("1", 64))
	measured := figures{}
	act := func(name string, args ...string) (calls float64) {
		before := aws.calls.Load()
		measured.add(name+"-s", c.run(b, many, args...))
		calls = float64(aws.calls.Load() - before)
		measured.add(name+"-calls", calls)
		return calls
	}
	for b.Loop() {
		measured.add("apply-of-1-s", c.run(b, 1, "apply", "-auto-approve"))
		c.run(b, 1, "destroy", "-auto-approve")
		stop := make(chan struct{})
		peak := watchMemory(c.started, stop)
		act("apply", "apply", "-auto-approve")
		measured.add("refresh-calls/handler", act("plan", plan...)/many)
		act("destroy", "destroy", "-auto-approve")
		close(stop)
		measured.add("peak-MB", <-peak)
		measured.add("schema-s", c.run(b, many, "providers", "schema", "-json"))
		measured.add("binary-MB", c.size(b))
	}
	for metric, values := range measured {
		b.ReportMetric(median(values), metric)
	}
	b.ReportMetric(0, "ns/op") // the sum of the acts says nothing
	return measured
}

// table shows in Markdown what was measured side by side.
func table(ours, theirs figures) string {
	out := strings.Builder{}
	fmt.Fprintf(&out, "| medians of %d and %d rounds | this provider | AWS provider 5.100.0 | ratio | at most |\n|---|---|---|---|---|\n",
		len(ours["binary-MB"]), len(theirs["binary-MB"]))
	for _, p := range promises {
		us, them, ratio := ours[p.metric], theirs[p.metric], ""
		if len(us) > 0 && len(them) > 0 {
			ratio = fmt.Sprintf("%.3f", median(us)/median(them))
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", p.what, shown(us), shown(them), ratio, p.wanted)
	}
	return out.String()
}

// shown is the median of what was measured, if anything was.
func shown(values []float64) string {
	if len(values) == 0 {
		return ""
	}
	return fmt.Sprintf("%.4g", median(values))
}
