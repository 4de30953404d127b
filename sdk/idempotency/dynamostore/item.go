package dynamostore

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lambda-land/terraform-provider-handler/sdk/idempotency"
)

// The attributes of an item whose names are always the same.
const (
	ownerAttribute = "owner"
	stateAttribute = "state"
)

// maxKeySize is how long a partition key may be for DynamoDB, in bytes.
const maxKeySize = 2048

// item is an entry as the table holds it.
type item struct {
	key, owner string
	state      idempotency.State // InProgress or Done
	until      time.Time
}

func (s *Store) attributes(i item) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		s.id:           text(id(i.key)),
		ownerAttribute: text(i.owner),
		stateAttribute: text(string(i.state)),
		s.expires:      number(seconds(i.until)),
	}
}

// standing reads from the item that a call to Begin found in its way how the event stands for the caller.
func (s *Store) standing(found map[string]types.AttributeValue, owner string) (idempotency.Answer, error) {
	state, ok := found[stateAttribute].(*types.AttributeValueMemberS)
	expires, isNumber := found[s.expires].(*types.AttributeValueMemberN)
	holder, isText := found[ownerAttribute].(*types.AttributeValueMemberS)
	if !ok || !isNumber || !isText {
		return idempotency.Answer{}, errForeign
	}
	until, err := strconv.ParseInt(expires.Value, 10, 64)
	if err != nil {
		return idempotency.Answer{}, errForeign
	}
	switch idempotency.State(state.Value) {
	case idempotency.Done:
		return idempotency.Answer{State: idempotency.Done}, nil
	case idempotency.InProgress:
		if holder.Value == owner { // the answer to an earlier try of this call was lost
			return idempotency.Answer{State: idempotency.Acquired}, nil
		}
		return idempotency.Answer{State: idempotency.InProgress, Until: time.Unix(until, 0)}, nil
	}
	return idempotency.Answer{}, errForeign
}

var errForeign = errors.New("the item with the event's key was not made by this package; use a table that holds nothing else")

// id is a key as DynamoDB takes it.
func id(key string) string {
	if len(key) <= maxKeySize && utf8.ValidString(key) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// seconds is a time in seconds since 1970, rounded up.
func seconds(t time.Time) int64 { return t.Add(time.Second - 1).Unix() }

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
