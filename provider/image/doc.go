// Package image turns a Go package into a binary, the binary into a reproducible container image, and pushes that image to a
// registry. It needs the go command, but no Docker. It knows neither Terraform nor Lambda's API, only what Lambda accepts as an
// image: one manifest for one platform, with gzip layers, referenced by digest.
//
// A [Builder] fingerprints a [Source] (cheap: one go list, no build), builds it, and keeps what it built by that fingerprint. A
// [Registry] pushes what was built and reads what was built elsewhere. Every error that a user can act on is a type or a sentinel
// of this package, and says what to do next.
package image
