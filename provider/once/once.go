// Package once holds answers that are asked for once, when they are first needed, by however many ask.
package once

import (
	"context"
	"sync"
)

// Answer is one such answer; its zero value is not known yet. A refusal is an answer, too; that the one who asked went away is none.
type Answer[T any] struct {
	mu    sync.Mutex
	known bool
	value T
	err   error
}

// Get returns the answer, and asks if nobody has. Others wait meanwhile.
func (a *Answer[T]) Get(ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.known {
		a.value, a.err = ask(ctx)
		a.known = ctx.Err() == nil
	}
	return a.value, a.err
}

// set puts a value in the place of what was, or would be, asked for.
func (a *Answer[T]) set(value T) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known, a.value, a.err = true, value, nil
}

// Answers are answers by key. The zero value holds none.
type Answers[T any] struct {
	mu    sync.Mutex
	byKey map[string]*Answer[T]
}

// Get returns the answer of a key, and asks if nobody has.
func (a *Answers[T]) Get(ctx context.Context, key string, ask func(context.Context) (T, error)) (T, error) {
	return a.of(key).Get(ctx, ask)
}

// Set puts a value in the place of what was, or would be, asked for.
func (a *Answers[T]) Set(key string, value T) { a.of(key).set(value) }

func (a *Answers[T]) of(key string) *Answer[T] {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byKey == nil {
		a.byKey = map[string]*Answer[T]{}
	}
	if a.byKey[key] == nil {
		a.byKey[key] = &Answer[T]{}
	}
	return a.byKey[key]
}
