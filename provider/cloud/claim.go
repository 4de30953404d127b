package cloud

import "sync"

// claims are the names of what resources of this run create. Marks do not tell them apart: a second resource of the same name would take the
// first one's object for what an interrupted run left, or for its own.
type claims struct{ objects sync.Map }

// Claim takes a name for a resource that is to create an object, such as a "function". The error is an [ExistsError] if another one of this
// run did so before.
func (c *Cloud) Claim(kind, name string) error {
	object := kind + " named " + name
	if _, claimed := c.claims.objects.LoadOrStore(object, true); claimed {
		return &ExistsError{Object: "a " + object, Else: "in this very plan"}
	}
	return nil
}
