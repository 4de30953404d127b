package image

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"slices"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// certificates are Mozilla's root certificates as the file that Go and most else on Linux looks for.
type certificates struct {
	pem []byte
	sum string // SHA-256 of pem, in hexadecimal
}

// newCertificates encodes the roots in the order of their own hashes, so that the file depends on the set alone. As in the packages of
// Linux distributions, roots that Mozilla distrusts for certificates issued after a date are in: PEM cannot express the date.
func newCertificates() certificates {
	var roots [][]byte
	for root := range bundle.Roots() {
		roots = append(roots, root.Certificate)
	}
	slices.SortFunc(roots, func(a, b []byte) int {
		x, y := sha256.Sum256(a), sha256.Sum256(b)
		return bytes.Compare(x[:], y[:])
	})
	var out []byte
	for _, root := range slices.CompactFunc(roots, bytes.Equal) {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root})...)
	}
	sum := sha256.Sum256(out)
	return certificates{pem: out, sum: hex.EncodeToString(sum[:])}
}
