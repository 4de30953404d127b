package dynamostore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/idempotency"
)

// Client is the part of DynamoDB that a store calls. It is a [dynamodb.Client].
type Client interface {
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
}

// Store is an [idempotency.Store] in a DynamoDB table. It is safe for concurrent use. Its errors name the table and say what to do.
type Store struct {
	table       string
	id, expires string // names of attributes

	mu     sync.Mutex
	client Client
}

// Option refines a store: [WithClient] or [WithAttributes].
type Option func(*Store)

// WithClient has the store call the given client. Without it, the store makes one from the
// configuration of the app (see [sdk.AWSConfig]) at its first call, whose context must be one that the app gave out.
func WithClient(client Client) Option {
	return func(s *Store) { s.client = client }
}

// WithAttributes sets the names of the table's partition key and of the attribute with the time to live, in place of "id" and "expires".
func WithAttributes(id, expires string) Option {
	return func(s *Store) { s.id, s.expires = id, expires }
}

// New returns the store in the table of that name or ARN. It calls nothing: whether the table is there shows with the first event.
func New(table string, options ...Option) *Store {
	s := &Store{table: table, id: "id", expires: "expires"}
	for _, option := range options {
		option(s)
	}
	return s
}

// Begin is [idempotency.Store].Begin.
func (s *Store) Begin(ctx context.Context, key, owner string, until time.Time) (idempotency.Answer, error) {
	err := s.put(ctx, item{key, owner, idempotency.InProgress, until}, "attribute_not_exists(#id) OR #expires <= :now")
	if err == nil {
		return idempotency.Answer{State: idempotency.Acquired}, nil
	}
	if refused, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		answer, err := s.standing(refused.Item, owner)
		if err != nil {
			return answer, s.failed("begin", err)
		}
		return answer, nil
	}
	return idempotency.Answer{}, s.failed("begin", err)
}

// Done is [idempotency.Store].Done.
func (s *Store) Done(ctx context.Context, key, owner string, until time.Time) error {
	err := s.put(ctx, item{key, owner, idempotency.Done, until}, "attribute_not_exists(#id) OR #owner = :owner OR #expires <= :now")
	if _, refused := errors.AsType[*types.ConditionalCheckFailedException](err); refused {
		return idempotency.ErrNotOwner
	}
	if err != nil {
		return s.failed("mark as done", err)
	}
	return nil
}

// Release is [idempotency.Store].Release.
func (s *Store) Release(ctx context.Context, key, owner string) error {
	client, err := s.reach(ctx)
	if err != nil {
		return s.failed("release", err)
	}
	_, err = client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName:                 &s.table,
		Key:                       map[string]types.AttributeValue{s.id: text(id(key))},
		ConditionExpression:       new("#owner = :owner"),
		ExpressionAttributeNames:  map[string]string{"#owner": ownerAttribute},
		ExpressionAttributeValues: map[string]types.AttributeValue{":owner": text(owner)},
	})
	if _, refused := errors.AsType[*types.ConditionalCheckFailedException](err); refused {
		return nil // it is not the owner's, or not there
	}
	if err != nil {
		return s.failed("release", err)
	}
	return nil
}

// put writes an item on a condition. DynamoDB refuses names and values that the condition does not use.
func (s *Store) put(ctx context.Context, i item, condition string) error {
	client, err := s.reach(ctx)
	if err != nil {
		return err
	}
	input := &dynamodb.PutItemInput{
		TableName:                           &s.table,
		Item:                                s.attributes(i),
		ConditionExpression:                 &condition,
		ExpressionAttributeNames:            map[string]string{"#id": s.id, "#expires": s.expires},
		ExpressionAttributeValues:           map[string]types.AttributeValue{":now": number(time.Now().Unix())},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if i.state == idempotency.Done {
		input.ExpressionAttributeNames["#owner"] = ownerAttribute
		input.ExpressionAttributeValues[":owner"] = text(i.owner)
	}
	_, err = client.PutItem(ctx, input)
	return err
}

// reach returns the client. A failure to make one is not kept: the next call tries again.
func (s *Store) reach(ctx context.Context) (Client, error) {
	if s.table == "" {
		return nil, errNoTable
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		loaded, err := sdk.AWSConfig(ctx)
		if err != nil {
			return nil, err
		}
		s.client = dynamodb.NewFromConfig(loaded)
	}
	return s.client, nil
}
