package cloud

import (
	"context"
	"maps"
)

// markKey is the tag of what a creation has not finished yet. It is what tells objects that an interrupted run left half made from those
// that somebody finished, which are never taken over.
const markKey = "terraform-provider-handler:unfinished"

// Mark returns tags with the mark of an unfinished creation. The run that creates is told from others by its ID.
func Mark(tags map[string]string, run string) map[string]string {
	marked := map[string]string{markKey: run}
	maps.Copy(marked, tags)
	return marked
}

// IsMarked reports whether an object with these tags is one that its creation has not finished.
func IsMarked(tags map[string]string) bool {
	_, marked := tags[markKey]
	return marked
}

// WithoutMark returns tags without the mark.
func WithoutMark(tags map[string]string) map[string]string {
	rest := maps.Clone(tags)
	delete(rest, markKey)
	return rest
}

// sameMark reports whether objects with these tags are made by the same creation.
func sameMark(a, b map[string]string) bool {
	return IsMarked(a) && a[markKey] == b[markKey]
}

// UnmarkFunction takes the mark off a function.
func (c *Cloud) UnmarkFunction(ctx context.Context, functionARN string) error {
	return c.TagFunction(ctx, functionARN, Mark(nil, ""), nil)
}

// UnmarkQueue takes the mark off a queue.
func (c *Cloud) UnmarkQueue(ctx context.Context, queueURL string) error {
	return c.TagQueue(ctx, queueURL, Mark(nil, ""), nil)
}

// UnmarkRepository takes the mark off a repository.
func (c *Cloud) UnmarkRepository(ctx context.Context, name string) error {
	return c.TagRepository(ctx, name, Mark(nil, ""), nil)
}

// UnmarkRole takes the mark off a role.
func (c *Cloud) UnmarkRole(ctx context.Context, name string) error {
	return c.TagRole(ctx, name, Mark(nil, ""), nil)
}
