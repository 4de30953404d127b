package provider

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// mustRun runs Terraform and returns what it says.
func mustRun(b *testing.B, w cli, environment []string, args ...string) string {
	b.Helper()
	output, ok := w.run(b, args, environment...)
	if !ok {
		b.Fatalf("%v: …%s", args, output[max(0, len(output)-maxOutput):])
	}
	return output
}

// BenchmarkPlanOfOneSource plans 20 functions without changes that are built from one source, and 20 that are given the very same image
// by its address, in turn. It reports the medians, and what the source adds.
func BenchmarkPlanOfOneSource(b *testing.B) {
	if os.Getenv(endpointVariable) != "" {
		b.Skip("needs an AWS whose registry takes images")
	}
	const name, rounds = "bench-plan", 11
	reference, err := filepath.Abs(filepath.Join("..", "handlers"))
	if err != nil {
		b.Fatal(err)
	}
	environment := ownCaches(b)
	handler := func(config string) string { return strings.ReplaceAll(config, `"first"`, `"jobs"`) }
	source := newCLI(b, handler(twentyFunctions(name, builtFrom(reference, name)))+"output \"image\" { value = handler_function.all[0].image_uri }\n")
	mustRun(b, source, environment, "apply", "-auto-approve")
	image := strings.TrimSpace(mustRun(b, source, environment, "output", "-raw", "image"))
	address := newCLI(b, handler(twentyFunctions(name+"-given", fmt.Sprintf("image_uri = %q", image))))
	mustRun(b, address, environment, "apply", "-auto-approve")
	plan := func(w cli) float64 {
		start := time.Now()
		mustRun(b, w, environment, "plan", "-detailed-exitcode")
		return time.Since(start).Seconds()
	}
	var ofSource, ofAddress, difference []float64
	for b.Loop() {
		for range rounds {
			one, other := plan(source), plan(address)
			ofSource, ofAddress, difference = append(ofSource, one), append(ofAddress, other), append(difference, one-other)
		}
	}
	b.ReportMetric(median(ofSource), "source-s")
	b.ReportMetric(median(ofAddress), "address-s")
	b.ReportMetric(median(difference), "difference-s")
	b.ReportMetric(0, "ns/op")
	for _, w := range []cli{source, address} {
		mustRun(b, w, environment, "destroy", "-auto-approve")
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// BenchmarkMemory builds and pushes an app of 30 MB that cannot be compressed, and reports the largest memory of any of the provider's
// processes meanwhile, as Linux counts it: with the pages of the provider's own binary, without go's processes.
func BenchmarkMemory(b *testing.B) {
	if os.Getenv(endpointVariable) != "" || runtime.GOOS != "linux" {
		b.Skip("needs Linux, and an AWS whose registry takes images")
	}
	source := files(b, map[string]string{
		"main.go": listingApp("memory"),
		"data.go": "package main\n\nimport _ \"embed\"\n\n//go:embed data\nvar data string\n\nfunc init() {\n\tif data == \"\" {\n\t\tpanic(0)\n\t}\n}\n",
	})
	noise, random := make([]byte, 30<<20), rand.NewChaCha8([32]byte{})
	w := newCLI(b, imageOf(source, "", `name = "bench-memory"`, ""))
	binary, err := builtProvider()
	if err != nil {
		b.Fatal(err)
	}
	directory, started := recordStarts(b, filepath.Join(binary, "terraform-provider-handler"), "terraform-provider-handler")
	write(b, w.directory, filepath.Base(w.cliConfig), overridden("lambda-land/handler", directory))
	for b.Loop() {
		_, _ = random.Read(noise) // never fails
		write(b, source, "data", string(noise))
		stop := make(chan struct{})
		peaks := watchMemory(started, stop)
		mustRun(b, w, ownCaches(b), "apply", "-auto-approve")
		close(stop)
		b.ReportMetric(<-peaks, "peak-MB")
	}
	b.ReportMetric(0, "ns/op")
	mustRun(b, w, ownCaches(b), "destroy", "-auto-approve")
}
