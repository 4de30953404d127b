package sqs

import "container/heap"

// indexed is a heap whose items know their own place in it, so that any of them can be removed in O(log n).
type indexed[T any] struct {
	items []T
	less  func(a, b T) bool
	slot  func(item T) *int // where an item keeps its place; -1 when it is not in the heap
}

func newIndexed[T any](less func(a, b T) bool, slot func(T) *int) *indexed[T] {
	return &indexed[T]{less: less, slot: slot}
}

func (h *indexed[T]) first() (item T, ok bool) {
	if len(h.items) == 0 {
		return item, false
	}
	return h.items[0], true
}

func (h *indexed[T]) add(item T) { heap.Push((*slots[T])(h), item) }

// remove takes item out; it does nothing if item is not in the heap.
func (h *indexed[T]) remove(item T) {
	if i := *h.slot(item); i >= 0 {
		heap.Remove((*slots[T])(h), i)
	}
}

func (h *indexed[T]) holds(item T) bool { return *h.slot(item) >= 0 }

func (h *indexed[T]) size() int { return len(h.items) }

// slots is the face of an indexed heap that container/heap works on.
type slots[T any] indexed[T]

func (s *slots[T]) Len() int           { return len(s.items) }
func (s *slots[T]) Less(i, j int) bool { return s.less(s.items[i], s.items[j]) }

func (s *slots[T]) Swap(i, j int) {
	s.items[i], s.items[j] = s.items[j], s.items[i]
	*s.slot(s.items[i]), *s.slot(s.items[j]) = i, j
}

func (s *slots[T]) Push(x any) {
	item, ok := x.(T)
	if !ok {
		return // unreachable: add is typed
	}
	*s.slot(item) = len(s.items)
	s.items = append(s.items, item)
}

func (s *slots[T]) Pop() any {
	last := len(s.items) - 1
	item := s.items[last]
	var none T
	s.items[last] = none // let the item be collected
	s.items = s.items[:last]
	*s.slot(item) = -1
	return item
}
