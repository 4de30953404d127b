package idempotency_test

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/idempotency"
	"github.com/lambda-land/terraform-provider-handler/sdk/idempotency/storetest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	storetest.Test(t, new(idempotency.Memory))
}

// TestMemoryExpires lets time pass.
func TestMemoryExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(idempotency.Memory)
		begin := func(owner string, want idempotency.State) {
			t.Helper()
			answer, err := store.Begin(t.Context(), "k", owner, time.Now().Add(time.Minute))
			if err != nil || answer.State != want {
				t.Errorf("got %+v, %v; want %q", answer, err, want)
			}
		}
		begin("a", idempotency.Acquired)
		time.Sleep(time.Minute - 1)
		begin("b", idempotency.InProgress)
		time.Sleep(time.Nanosecond)
		begin("b", idempotency.Acquired)
		if err := store.Done(t.Context(), "k", "b", time.Now().Add(time.Hour)); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour - 1)
		begin("c", idempotency.Done)
		time.Sleep(time.Nanosecond)
		begin("c", idempotency.Acquired)
	})
}

// TestMemoryForgets has 300,000 events go by, of which few are remembered at any time. Were all of them kept, they would take more
// than twenty megabytes.
func TestMemoryForgets(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	store := new(idempotency.Memory)
	synctest.Test(t, func(t *testing.T) {
		for i := range 300_000 {
			if i%1000 == 0 {
				time.Sleep(time.Second)
			}
			if err := store.Done(t.Context(), fmt.Sprint("event ", i), "a", time.Now().Add(3*time.Second)); err != nil {
				t.Fatal(err)
			}
		}
	})
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 5<<20 {
		t.Errorf("the store takes %d bytes", grown)
	}
	runtime.KeepAlive(store)
}
