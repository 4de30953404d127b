package lambda

import (
	"bytes"
	"encoding/json"
)

// failures reads the partial batch response of a function: the IDs of the messages that are to be kept. Everything was handled if
// the response names none; everything failed (ok is false) if it is malformed or names a message that is not in the batch.
// Members are matched to the letter: a wrong key is a malformed response.
func failures(response []byte, batch map[string]bool) (failed map[string]bool, ok bool) {
	switch string(bytes.TrimSpace(response)) {
	case "", "null", `""`:
		return nil, true
	}
	var answer map[string]json.RawMessage
	if err := json.Unmarshal(response, &answer); err != nil {
		return nil, false
	}
	var items []map[string]any
	if list, present := answer["batchItemFailures"]; present {
		if err := json.Unmarshal(list, &items); err != nil {
			return nil, false
		}
	}
	failed = map[string]bool{}
	for _, item := range items {
		id, isString := item["itemIdentifier"].(string)
		if !isString || !batch[id] {
			return nil, false
		}
		failed[id] = true
	}
	return failed, true
}
