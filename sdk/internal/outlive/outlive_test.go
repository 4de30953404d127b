package outlive_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/outlive"
)

func none(outlive.Start) bool { return false }

// TestTheSameFunctionStartedAtTwoLines cannot tell these apart, and names both.
func TestTheSameFunctionStartedAtTwoLines(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	run := func() { <-end }
	watch := outlive.New()
	watch.Do(t.Context(), func(context.Context) {
		go run()
		go run()
	})
	got := watch.Outlived(none)
	if len(got) != 1 || got[0].Count != 2 || len(got[0].Starts) != 2 || strings.Count(got[0].String(), " or in ") != 1 {
		t.Errorf("got %+v, want two goroutines of two lines", got)
	}
}

// TestInvocationsThatRunAreLeftAlone ends them one after the other.
func TestInvocationsThatRunAreLeftAlone(t *testing.T) {
	t.Parallel()
	watch := outlive.New()
	var stop, left sync.WaitGroup
	stop.Add(1)
	watch.Do(t.Context(), func(ctx context.Context) {
		watch.Do(ctx, func(context.Context) {
			left.Go(stop.Wait)
			if got := watch.Outlived(none); len(got) > 0 {
				t.Errorf("got %v while the invocation ran", got)
			}
		})
		if got := watch.Outlived(none); len(got) != 0 {
			t.Errorf("got %v, though sync started a function of its own", got)
		}
		watch.Do(ctx, func(context.Context) { left.Go(func() { stop.Wait() }) })
		if got := watch.Outlived(none); len(got) != 1 || got[0].Count != 1 {
			t.Errorf("got %v, want one goroutine", got)
		}
		if got := outlive.New().Outlived(none); len(got) > 0 {
			t.Errorf("another watch got %v", got)
		}
	})
	stop.Done()
	left.Wait()
	if got := watch.Outlived(none); len(got) > 0 {
		t.Errorf("got %v after all have ended", got)
	}
}

// TestDeepStacks has stacks whose middle a dump leaves out.
func TestDeepStacks(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	for _, depth := range []int{60, 110} {
		watch := outlive.New()
		watch.Do(t.Context(), func(context.Context) {
			go func() { deep(depth, end) }()
		})
		if got := watch.Outlived(none); len(got) != 1 {
			t.Errorf("depth %d: got %v, want one goroutine", depth, got)
		}
	}
}

func deep(n int, end chan struct{}) {
	if n > 0 {
		deep(n-1, end)
		runtime.KeepAlive(n)
		return
	}
	<-end
}

// BenchmarkOutlived measures one look: most find nothing that has the label of the watch, or only what other modules left.
func BenchmarkOutlived(b *testing.B) {
	for _, goroutines := range []int{10, 1000} {
		for _, outlived := range []bool{false, true} {
			b.Run(fmt.Sprintf("goroutines=%d/labelled=%t", goroutines, outlived), func(b *testing.B) {
				watch := outlive.New()
				end := make(chan struct{})
				defer close(end)
				start := func(context.Context) {
					for i := range goroutines {
						go func() { deep(5+i%20, end) }()
					}
				}
				if outlived {
					watch.Do(b.Context(), start)
				} else {
					start(b.Context())
				}
				for b.Loop() {
					watch.Outlived(func(outlive.Start) bool { return true })
				}
			})
		}
	}
}
