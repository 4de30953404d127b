package provider

import (
	"strings"
	"testing"
)

// BenchmarkGrowth measures 20 handlers and 200 on a localaws in a process of its own. It reports the seconds, and how many times those of
// 20 handlers the 200 take: 12 at most are wanted, and 10 s for a plan without changes.
func BenchmarkGrowth(b *testing.B) {
	const more = 10 * many
	endpoint, c := startLocalaws(b), newHandler(b)
	environment := append(ownCaches(b), "AWS_ENDPOINT_URL="+endpoint)
	source := files(b, map[string]string{"main.go": listingApp("growth")})
	app := newCLI(b, imageOf(source, "", `name = "bench-growth"`, "")+"output \"uri\" { value = handler_image.test.image_uri }\n")
	mustRun(b, app, environment, "apply", "-auto-approve")
	c.in(endpoint, strings.TrimSpace(mustRun(b, app, environment, "output", "-raw", "uri")))

	var few, all, plan, destroy, growth []float64
	for b.Loop() {
		few = append(few, c.run(b, many, "apply", "-auto-approve"))
		c.run(b, many, "destroy", "-auto-approve")
		all = append(all, c.run(b, more, "apply", "-auto-approve"))
		plan = append(plan, c.run(b, more, "plan", "-detailed-exitcode"))
		destroy = append(destroy, c.run(b, more, "destroy", "-auto-approve"))
		growth = append(growth, all[len(all)-1]/few[len(few)-1])
	}
	b.ReportMetric(median(few), "apply-of-20-s")
	b.ReportMetric(median(all), "apply-of-200-s")
	b.ReportMetric(median(growth), "apply-of-200-times-20")
	b.ReportMetric(median(plan), "plan-of-200-s")
	b.ReportMetric(median(destroy), "destroy-of-200-s")
	b.ReportMetric(0, "ns/op")
	mustRun(b, app, environment, "destroy", "-auto-approve")
}
