// Package unrelated is imported by nothing.
package unrelated
