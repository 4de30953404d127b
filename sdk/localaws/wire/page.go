package wire

import (
	"encoding/base64"
	"slices"
	"strings"
)

// Page cuts one page out of items, which it sorts by key in place: at most limit of those that come after token, the next token of
// the page before; an empty token means the first page. The next token is empty on the last page. Keys must be unique;
// items may come and go between two pages. A token that is not one of ours is an error with the given code.
func Page[T any](items []T, key func(T) string, token string, limit int, code string) (page []T, next string, err error) {
	slices.SortFunc(items, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	if token != "" {
		last, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			return nil, "", Errorf(code, "The specified nextToken is invalid.")
		}
		start, found := slices.BinarySearchFunc(items, string(last), func(item T, last string) int {
			return strings.Compare(key(item), last)
		})
		if found {
			start++
		}
		items = items[start:]
	}
	if len(items) <= limit {
		return items, "", nil
	}
	return items[:limit], base64.RawURLEncoding.EncodeToString([]byte(key(items[limit-1]))), nil
}
