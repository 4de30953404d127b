package sdk_test

import (
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// buildTestdata builds commands of a folder of testdata as images are built, and returns the directory they are in.
func buildTestdata(tb testing.TB, folder string, names ...string) string {
	tb.Helper()
	bin := tb.TempDir()
	for _, name := range names {
		build := exec.Command("go", "build", "-trimpath", "-tags=lambda,lambda.norpc", "-ldflags=-s -w -buildid=", "-o", bin,
			"./"+filepath.Join("testdata", folder, name))
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			tb.Fatalf("%v: %s", err, out)
		}
	}
	return bin
}

// median sorts the values.
func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// reportRatio reports what an app on the SDK takes, what a program without it takes, and the ratio that counts.
func reportRatio(b *testing.B, unit string, onSDK, bare float64) {
	b.Helper()
	b.ReportMetric(onSDK, "onsdk-"+unit)
	b.ReportMetric(bare, "bare-"+unit)
	b.ReportMetric(onSDK/bare, "onsdk/bare")
	b.ReportMetric(0, "ns/op")
}

// discardLogger writes lines as the app's own logger does, to nowhere.
func discardLogger() *slog.Logger { return slog.New(slog.NewJSONHandler(io.Discard, nil)) }
