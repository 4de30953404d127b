//go:build !lambda

package greeting

// Development must not be in an image.
const Development = "development only"
