package once

import (
	"context"
	"errors"
	"testing"
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	var answers Answers[int]
	asked := 0
	ask := func(ctx context.Context) (int, error) {
		asked++
		return asked, ctx.Err()
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := answers.Get(gone, "a", ask); !errors.Is(err, context.Canceled) {
		t.Errorf("who went away got %v", err)
	}
	for range 2 {
		if got, err := answers.Get(t.Context(), "a", ask); got != 2 || err != nil {
			t.Errorf("got %d, %v, want the second answer", got, err)
		}
	}
	if got, _ := answers.Get(t.Context(), "b", ask); got != 3 {
		t.Errorf("another key got %d", got)
	}
	refusal := errors.New("no")
	for range 2 {
		_, err := answers.Get(t.Context(), "c", func(context.Context) (int, error) { asked++; return 0, refusal })
		if !errors.Is(err, refusal) || asked != 4 {
			t.Errorf("got %v after %d questions, want one refusal", err, asked)
		}
	}
	answers.Set("c", 7)
	if got, err := answers.Get(t.Context(), "c", ask); got != 7 || err != nil {
		t.Errorf("got %d, %v, want what was set", got, err)
	}
}
