package cloud

import (
	"context"
	"crypto/rand"
	"maps"
)

// markKey is the tag of what a creation has not finished yet. It is what tells objects that an interrupted run left half made from those
// that somebody finished, which are never taken over.
const markKey = "terraform-provider-handler:unfinished"

// markOnly are the tags that taking a mark off removes.
var markOnly = map[string]string{markKey: ""}

// Mark returns tags with the mark of an unfinished creation, which tells it from all others.
func Mark(tags map[string]string) map[string]string {
	marked := map[string]string{markKey: rand.Text()}
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

// CopyMark returns tags with the mark of others.
func CopyMark(tags, marked map[string]string) map[string]string {
	all := map[string]string{markKey: marked[markKey]}
	maps.Copy(all, tags)
	return all
}

// SameMark reports whether objects with these tags were made by the same creation.
func SameMark(a, b map[string]string) bool {
	return IsMarked(a) && a[markKey] == b[markKey]
}

// UnmarkFunction takes the mark off a function. That it does not exist any more is fine, here as below.
func (c *Cloud) UnmarkFunction(ctx context.Context, functionARN string) error {
	return ignore(c.TagFunction(ctx, functionARN, markOnly, nil), "ResourceNotFoundException")
}

// UnmarkQueue takes the mark off a queue.
func (c *Cloud) UnmarkQueue(ctx context.Context, queueURL string) error {
	return ignore(c.TagQueue(ctx, queueURL, markOnly, nil), noQueue...)
}

// UnmarkRepository takes the mark off a repository.
func (c *Cloud) UnmarkRepository(ctx context.Context, name string) error {
	return ignore(c.TagRepository(ctx, name, markOnly, nil), "RepositoryNotFoundException")
}

// UnmarkRole takes the mark off a role.
func (c *Cloud) UnmarkRole(ctx context.Context, name string) error {
	return ignore(c.TagRole(ctx, name, markOnly, nil), "NoSuchEntity")
}
