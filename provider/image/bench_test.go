package image

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// benchmarked returns the source to measure: the package that BENCH_PACKAGE names, or testdata's.
func benchmarked(b *testing.B) Source {
	b.Helper()
	if dir := os.Getenv("BENCH_PACKAGE"); dir != "" {
		return Source{Package: dir}
	}
	return Source{Package: filepath.Join(acme(b), "cmd", "acme")}
}

// change gives the package a file that makes every binary a new one, and removes it in the end.
func change(b *testing.B, src Source, n int) {
	b.Helper()
	file := filepath.Join(src.Package, "changed_by_benchmark.go")
	content := fmt.Sprintf("package main\nvar changed = %q\n\nfunc init() { if changed == \"\" { panic(0) } }\n", fmt.Sprint(b.Name(), n))
	write(b, content, file)
	b.Cleanup(func() { _ = os.Remove(file) })
}

// BenchmarkFingerprint is what a plan without changes costs.
func BenchmarkFingerprint(b *testing.B) {
	src, builder := benchmarked(b), NewBuilder(b.TempDir(), NewRegistry(nil))
	for b.Loop() {
		if _, err := builder.Inputs(b.Context(), src); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBuildUnchanged loads the image from the cache.
func BenchmarkBuildUnchanged(b *testing.B) {
	src, builder := benchmarked(b), NewBuilder(b.TempDir(), NewRegistry(nil))
	build(b, builder, src)
	for b.Loop() {
		build(b, builder, src)
	}
}

// BenchmarkBuildChanged builds after a change of one file.
func BenchmarkBuildChanged(b *testing.B) {
	src, builder := benchmarked(b), NewBuilder(b.TempDir(), NewRegistry(nil))
	build(b, builder, src)
	for n := 0; b.Loop(); n++ {
		change(b, src, n)
		build(b, builder, src)
	}
}

// BenchmarkGoBuildChanged is the part of BenchmarkBuildChanged that go itself takes.
func BenchmarkGoBuildChanged(b *testing.B) {
	src, binary := benchmarked(b), filepath.Join(b.TempDir(), "app")
	for n := 0; b.Loop(); n++ {
		change(b, src, n)
		cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-tags=lambda,lambda.norpc",
			"-ldflags=-s -w -buildid=", "-o", binary, ".")
		cmd.Dir, cmd.Env = src.Package, append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
}
