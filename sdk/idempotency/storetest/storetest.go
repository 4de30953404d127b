// Package storetest tests that a store does what package idempotency needs of it.
package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/idempotency"
)

// Test tests a store. Its keys are random, so that the store may be in use, and their entries expire within an hour.
func Test(t *testing.T, store idempotency.Store) {
	for name, test := range map[string]func(*tester){
		"the first begins":               (*tester).first,
		"done":                           (*tester).done,
		"release":                        (*tester).release,
		"answers that were lost":         (*tester).repeated,
		"expired in progress":            (*tester).expired,
		"expired and taken over":         (*tester).takenOver,
		"taken over and released":        (*tester).takenOverAndReleased,
		"expired done":                   (*tester).expiredDone,
		"keys":                           (*tester).keys,
		"one of fifty begins":            (*tester).concurrentBegin,
		"one of fifty begins an expired": (*tester).concurrentBeginExpired,
		"a context that has ended":       (*tester).ended,
	} {
		t.Run(name, func(t *testing.T) { test(&tester{T: t, store: store, key: rand.Text()}) })
	}
}

// tester tests a store by entries of one key.
type tester struct {
	*testing.T
	store idempotency.Store
	key   string
}

// The times of entries. Stores may be as coarse as seconds.
func later() time.Time { return time.Now().Add(time.Hour).Truncate(time.Second) }
func past() time.Time  { return time.Now().Add(-2 * time.Second) }

func (t *tester) begin(owner string, until time.Time, want idempotency.State) {
	t.Helper()
	answer, err := t.store.Begin(t.Context(), t.key, owner, until)
	if err != nil || answer.State != want {
		t.Fatalf("Begin for %s: got %q, %v; want %q", owner, answer.State, err, want)
	}
}

func (t *tester) finish(owner string, until time.Time, want error) {
	t.Helper()
	if err := t.store.Done(t.Context(), t.key, owner, until); !errors.Is(err, want) {
		t.Fatalf("Done for %s: got %v, want %v", owner, err, want)
	}
}

func (t *tester) free(owner string) {
	t.Helper()
	if err := t.store.Release(t.Context(), t.key, owner); err != nil {
		t.Fatalf("Release for %s: %s", owner, err)
	}
}

func (t *tester) first() {
	until := later()
	t.begin("a", until, idempotency.Acquired)
	answer, err := t.store.Begin(t.Context(), t.key, "b", until.Add(time.Minute))
	if err != nil || answer.State != idempotency.InProgress || answer.Until.Before(until) || answer.Until.After(until.Add(time.Second)) {
		t.Errorf("got %+v, %v; want in progress until %s", answer, err, until)
	}
}

func (t *tester) done() {
	t.begin("a", later(), idempotency.Acquired)
	t.finish("b", later(), idempotency.ErrNotOwner)
	t.begin("b", later(), idempotency.InProgress)
	t.finish("a", later(), nil)
	t.begin("b", later(), idempotency.Done)
	t.finish("b", later(), idempotency.ErrNotOwner)
}

func (t *tester) release() {
	t.free("a") // there is none
	t.begin("a", later(), idempotency.Acquired)
	t.free("b")
	t.begin("b", later(), idempotency.InProgress)
	t.free("a")
	t.begin("b", later(), idempotency.Acquired)
	t.finish("b", later(), nil)
	t.free("a")
	t.begin("c", later(), idempotency.Done)
}

// repeated calls each method again, as a client does that got no answer.
func (t *tester) repeated() {
	t.begin("a", later(), idempotency.Acquired)
	t.begin("a", later(), idempotency.Acquired)
	t.finish("a", later(), nil)
	t.finish("a", later(), nil)
	t.begin("a", later(), idempotency.Done) // a call that was long on its way must not undo what came after it
	t.free("a")
	t.free("a")
	t.begin("b", later(), idempotency.Acquired)
}

func (t *tester) expired() {
	t.begin("a", past(), idempotency.Acquired)
	t.begin("b", later(), idempotency.Acquired)
	t.begin("c", later(), idempotency.InProgress)
}

// takenOver has a first owner who is late.
func (t *tester) takenOver() {
	t.begin("a", past(), idempotency.Acquired)
	t.begin("b", later(), idempotency.Acquired)
	t.finish("a", later(), idempotency.ErrNotOwner)
	t.free("a")
	t.begin("c", later(), idempotency.InProgress)
	t.finish("b", later(), nil)
	t.finish("a", later(), idempotency.ErrNotOwner)
	t.free("a")
	t.begin("c", later(), idempotency.Done)
}

// takenOverAndReleased has a first owner who is late, and a second who failed.
func (t *tester) takenOverAndReleased() {
	t.begin("a", past(), idempotency.Acquired)
	t.begin("b", later(), idempotency.Acquired)
	t.free("b")
	t.finish("a", later(), nil)
	t.begin("c", later(), idempotency.Done)
}

func (t *tester) expiredDone() {
	t.begin("a", past(), idempotency.Acquired)
	t.finish("a", past(), nil)
	t.begin("b", past(), idempotency.Acquired)
	t.finish("c", later(), nil) // b's entry is none any more
	t.begin("d", later(), idempotency.Done)
}

// keys may be any text.
func (t *tester) keys() {
	prefix := t.key
	for _, key := range []string{
		" ", "ä\u2028\x00\"\\", "\xff", "\xfe", "a/b", "a", "A",
		strings.Repeat("k", 2048), strings.Repeat("k", 5000), strings.Repeat("k", 5000) + "x",
	} {
		t.key = prefix + key
		t.begin("a", later(), idempotency.Acquired)
		t.finish("a", later(), nil)
		t.begin("b", later(), idempotency.Done)
	}
}

func (t *tester) concurrentBegin() { t.concurrently() }

func (t *tester) concurrentBeginExpired() {
	t.begin("expired", past(), idempotency.Acquired)
	t.concurrently()
}

func (t *tester) concurrently() {
	const callers = 50
	answers := make([]idempotency.Answer, callers)
	errs := make([]error, callers)
	until := later()
	start := make(chan struct{})
	var running sync.WaitGroup
	for i := range callers {
		running.Go(func() {
			<-start
			answers[i], errs[i] = t.store.Begin(t.Context(), t.key, "caller "+strconv.Itoa(i), until)
		})
	}
	close(start)
	running.Wait()
	count := make(map[idempotency.State]int)
	for i, answer := range answers {
		if errs[i] != nil {
			t.Errorf("caller %d: %s", i, errs[i])
		}
		count[answer.State]++
	}
	if count[idempotency.Acquired] != 1 || count[idempotency.InProgress] != callers-1 {
		t.Errorf("got %v, want one acquired and all others in progress", count)
	}
}

func (t *tester) ended() {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := t.store.Begin(ctx, t.key, "a", later())
	for name, err := range map[string]error{
		"Begin": err, "Done": t.store.Done(ctx, t.key, "a", later()), "Release": t.store.Release(ctx, t.key, "a"),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want that the context was cancelled", name, err)
		}
	}
	t.begin("b", later(), idempotency.Acquired)
}
