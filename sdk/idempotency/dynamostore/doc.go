// Package dynamostore keeps the entries of package idempotency in a DynamoDB table. It is a package of its own so that only apps that
// use it link the client of DynamoDB.
//
//	store := dynamostore.New(os.Getenv("IDEMPOTENCY_TABLE"))
//	app := sdk.New("acme", sdk.Use(idempotency.Middleware(store)), …)
//
// # The table
//
// The table has a partition key "id" of type string and no sort key. Time to live on the attribute "expires" removes old entries; without
// it everything works, but the table grows. One table serves any number of functions, see [idempotency.Prefix].
//
//	resource "aws_dynamodb_table" "idempotency" {
//	  name         = "acme-idempotency"
//	  billing_mode = "PAY_PER_REQUEST"
//	  hash_key     = "id"
//
//	  attribute {
//	    name = "id"
//	    type = "S"
//	  }
//
//	  ttl {
//	    attribute_name = "expires"
//	    enabled        = true
//	  }
//	}
//
//	resource "handler_function" "billing" {
//	  …
//	  environment = { IDEMPOTENCY_TABLE = aws_dynamodb_table.idempotency.name }
//	  policy = jsonencode([{
//	    Effect   = "Allow"
//	    Action   = ["dynamodb:PutItem", "dynamodb:DeleteItem"]
//	    Resource = aws_dynamodb_table.idempotency.arn
//	  }])
//	}
//
// A table encrypted with a key of one's own needs kms:Decrypt and kms:GenerateDataKey on the key as well. A function in a VPC without a way
// out reaches DynamoDB by a gateway endpoint, which costs nothing.
//
// # Entries and calls
//
// An entry has the attributes "id" (the key; or its SHA-256, as "sha256:…", if it is no UTF-8 or longer than the 2048 bytes that DynamoDB
// takes), "owner", "state" ("in progress" or "done") and "expires" (in seconds since 1970).
//
// An event costs two writes: a PutItem before it is handled, and a PutItem or DeleteItem afterwards. An event that was done before costs
// one failed PutItem, which is charged as a write. Each write is conditional, so that DynamoDB itself sees to it that one of many gets an
// entry. This does not hold between the regions of a global table that is eventually consistent.
//
// DynamoDB removes expired items within days, so an item says nothing by being there: each call compares "expires" to this machine's clock.
// Times are rounded up to seconds and the clock down, so no entry ends early, and none more than two seconds late.
package dynamostore
