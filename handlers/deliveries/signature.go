package deliveries

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// keyPrefix marks a signing key of Standard Webhooks.
const keyPrefix = "whsec_"

// parseKey decodes a signing key as Standard Webhooks writes it, "whsec_" and 24 to 64 bytes in base64. Its errors never
// repeat the key.
func parseKey(encoded string) ([]byte, error) {
	bare, found := strings.CutPrefix(encoded, keyPrefix)
	if !found {
		return nil, errors.New(`it does not begin with "whsec_"`)
	}
	key, err := base64.StdEncoding.DecodeString(bare)
	if err != nil {
		return nil, errors.New(`what follows "whsec_" is not base64`)
	}
	if len(key) < 24 || len(key) > 64 {
		return nil, fmt.Errorf("it has %d bytes, not 24 to 64", len(key))
	}
	return key, nil
}

// sign returns the value of the header webhook-signature for a message: "v1," and the base64 of the HMAC-SHA256 over its ID,
// the second it is sent at, and its body, with dots in between.
func sign(key []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
