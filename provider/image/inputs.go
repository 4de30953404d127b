package image

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
)

// imageFormat is part of all inputs. It counts changes of this package, or of the compression in its standard library, that give the
// same binary another image.
const imageFormat = 2

// Inputs are what a fingerprint is made of, by kind: "go" is the Go release, "files", "modules", "settings" and what else there is are
// the first 32 hexadecimal digits of a SHA-256, or a digest. They say nothing of where files are or when they were written, and hold no
// values of variables. Kinds that a source does not use are absent. Equal inputs give equal images.
type Inputs map[string]string

// Fingerprint returns a SHA-256 of the inputs in hexadecimal.
func (i Inputs) Fingerprint() string {
	sum := sha256.New()
	for _, kind := range slices.Sorted(maps.Keys(i)) {
		record(sum, kind, i[kind])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Differences returns a line for each kind that is not what was planned, sorted by kind.
func (i Inputs) Differences(planned Inputs) []string {
	kinds := maps.Clone(i)
	maps.Copy(kinds, planned)
	var lines []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		here, isHere := i[kind]
		was, wasPlanned := planned[kind]
		switch {
		case here == was:
		case !isHere:
			lines = append(lines, fmt.Sprintf("%s: %s was planned, none is here", kind, was))
		case !wasPlanned:
			lines = append(lines, fmt.Sprintf("%s: none was planned, %s is here", kind, here))
		default:
			lines = append(lines, fmt.Sprintf("%s: %s was planned, %s is here", kind, was, here))
		}
	}
	return lines
}
