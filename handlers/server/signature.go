package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// signaturePrefix begins the value of GitHub's header X-Hub-Signature-256.
const signaturePrefix = "sha256="

// parseSignature decodes the value of X-Hub-Signature-256. It tells whether the value has the right form.
func parseSignature(header string) ([]byte, bool) {
	digits, found := strings.CutPrefix(header, signaturePrefix)
	if !found {
		return nil, false
	}
	signature, err := hex.DecodeString(digits)
	return signature, err == nil && len(signature) == sha256.Size
}

// signed tells, in constant time, whether signature is the HMAC-SHA256 of body with key.
func signed(key, body, signature []byte) bool {
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return hmac.Equal(mac.Sum(nil), signature)
}
