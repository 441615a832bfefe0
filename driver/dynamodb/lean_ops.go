package dynamodb

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/schemas"
	"github.com/aws/smithy-go"
)

var _ dataPlane = (*lean)(nil)

// What the SDK's serializer and deserializer know each operation by.
var (
	schemaGetItem            = smithy.NewOperationSchema(schemas.GetItem, schemas.GetItemInput, schemas.GetItemOutput)
	schemaPutItem            = smithy.NewOperationSchema(schemas.PutItem, schemas.PutItemInput, schemas.PutItemOutput)
	schemaUpdateItem         = smithy.NewOperationSchema(schemas.UpdateItem, schemas.UpdateItemInput, schemas.UpdateItemOutput)
	schemaDeleteItem         = smithy.NewOperationSchema(schemas.DeleteItem, schemas.DeleteItemInput, schemas.DeleteItemOutput)
	schemaQuery              = smithy.NewOperationSchema(schemas.Query, schemas.QueryInput, schemas.QueryOutput)
	schemaScan               = smithy.NewOperationSchema(schemas.Scan, schemas.ScanInput, schemas.ScanOutput)
	schemaBatchGetItem       = smithy.NewOperationSchema(schemas.BatchGetItem, schemas.BatchGetItemInput, schemas.BatchGetItemOutput)
	schemaBatchWriteItem     = smithy.NewOperationSchema(schemas.BatchWriteItem, schemas.BatchWriteItemInput, schemas.BatchWriteItemOutput)
	schemaTransactGetItems   = smithy.NewOperationSchema(schemas.TransactGetItems, schemas.TransactGetItemsInput, schemas.TransactGetItemsOutput)
	schemaTransactWriteItems = smithy.NewOperationSchema(schemas.TransactWriteItems, schemas.TransactWriteItemsInput, schemas.TransactWriteItemsOutput)
)

// The operations take the SDK's inputs. Options of a single call have no effect: the driver gives
// none.

// GetItem is the operation of that name.
func (l *lean) GetItem(ctx context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	out := new(dynamodb.GetItemOutput)
	if err := l.call(ctx, schemaGetItem, in, out); err != nil {
		return nil, err
	}
	return out, nil
}

// PutItem is the operation of that name.
func (l *lean) PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	out := new(dynamodb.PutItemOutput)
	if err := l.call(ctx, schemaPutItem, in, out); err != nil {
		return nil, err
	}
	return out, nil
}

// UpdateItem is the operation of that name.
func (l *lean) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	out := new(dynamodb.UpdateItemOutput)
	if err := l.call(ctx, schemaUpdateItem, in, out); err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteItem is the operation of that name.
func (l *lean) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	out := new(dynamodb.DeleteItemOutput)
	if err := l.call(ctx, schemaDeleteItem, in, out); err != nil {
		return nil, err
	}
	return out, nil
}

// Query is the operation of that name.
func (l *lean) Query(ctx context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out := new(dynamodb.QueryOutput)
	if err := l.call(ctx, schemaQuery, in, out); err != nil {
		return nil, err
	}
	return out, nil
}

// Scan is the operation of that name.
func (l *lean) Scan(ctx context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	out := new(dynamodb.ScanOutput)
	if err := l.call(ctx, schemaScan, in, out); err != nil {
		return nil, err
	}
	return out, nil
}

// BatchGetItem is the operation of that name.
func (l *lean) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	out := new(dynamodb.BatchGetItemOutput)
	if err := l.call(ctx, schemaBatchGetItem, in, out); err != nil {
		return nil, err
	}
	return out, nil
}

// BatchWriteItem is the operation of that name.
func (l *lean) BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	out := new(dynamodb.BatchWriteItemOutput)
	if err := l.call(ctx, schemaBatchWriteItem, in, out); err != nil {
		return nil, err
	}
	return out, nil
}

// TransactGetItems is the operation of that name.
func (l *lean) TransactGetItems(ctx context.Context, in *dynamodb.TransactGetItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactGetItemsOutput, error) {
	out := new(dynamodb.TransactGetItemsOutput)
	if err := l.call(ctx, schemaTransactGetItems, in, out); err != nil {
		return nil, err
	}
	return out, nil
}

// TransactWriteItems is the operation of that name. A request without an idempotency token is given
// one, which its retries repeat.
func (l *lean) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if in.ClientRequestToken == nil {
		token, err := uuid(nil)
		if err != nil {
			return nil, err
		}
		in.ClientRequestToken = aws.String(string(token)) // in the caller's input, as the SDK does
	}
	out := new(dynamodb.TransactWriteItemsOutput)
	if err := l.call(ctx, schemaTransactWriteItems, in, out); err != nil {
		return nil, err
	}
	return out, nil
}
