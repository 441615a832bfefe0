// Drives a DynamoDB endpoint with the AWS SDK for JavaScript v3 through indexes, transactions,
// PartiQL, time to live and streams. Any difference ends it with a status other than 0.
import assert from 'node:assert/strict';
import {
  BatchExecuteStatementCommand, CreateTableCommand, DeleteTableCommand, DescribeLimitsCommand, DescribeTableCommand,
  DescribeTimeToLiveCommand, DynamoDBClient, ExecuteStatementCommand, ExecuteTransactionCommand, PutItemCommand, QueryCommand,
  TransactGetItemsCommand, TransactWriteItemsCommand, TransactionCanceledException, UpdateItemCommand, UpdateTableCommand,
  UpdateTimeToLiveCommand, DuplicateItemException, IdempotentParameterMismatchException, paginateQuery, waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { DescribeStreamCommand, DynamoDBStreamsClient, GetRecordsCommand, GetShardIteratorCommand, ListStreamsCommand } from '@aws-sdk/client-dynamodb-streams';

const endpoint = process.argv[2];
assert.ok(endpoint, 'usage: node more.mjs ENDPOINT');
const settings = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'none', secretAccessKey: 'none' }, maxAttempts: 1 };
const client = new DynamoDBClient(settings);
const streams = new DynamoDBStreamsClient(settings);
const TableName = 'Orders';
const wait = { client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 };

let checks = 0;
async function check(name, f) {
  try {
    await f();
  } catch (e) {
    e.message = `${name}: ${e.message}`;
    throw e;
  }
  checks++;
  console.log(`ok  ${name}`);
}

async function refused(request) {
  try {
    await request;
  } catch (e) {
    return e;
  }
  return assert.fail('the request was not refused');
}

const order = (c, n, more = {}) => ({ c: { S: c }, n: { N: String(n) }, ...more });

async function indexes() {
  await check('create a table with a global and a local index, and a stream', async () => {
    await client.send(new CreateTableCommand({
      TableName, BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [['c', 'S'], ['n', 'N'], ['state', 'S'], ['sum', 'N']].map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType })),
      KeySchema: [{ AttributeName: 'c', KeyType: 'HASH' }, { AttributeName: 'n', KeyType: 'RANGE' }],
      GlobalSecondaryIndexes: [{ IndexName: 'by-state', KeySchema: [{ AttributeName: 'state', KeyType: 'HASH' }, { AttributeName: 'sum', KeyType: 'RANGE' }], Projection: { ProjectionType: 'KEYS_ONLY' } }],
      LocalSecondaryIndexes: [{ IndexName: 'by-sum', KeySchema: [{ AttributeName: 'c', KeyType: 'HASH' }, { AttributeName: 'sum', KeyType: 'RANGE' }], Projection: { ProjectionType: 'ALL' } }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }));
    await waitUntilTableExists(wait, { TableName });
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    assert.equal(Table.GlobalSecondaryIndexes[0].IndexStatus, 'ACTIVE');
    assert.match(Table.LatestStreamArn, /table\/Orders\/stream\/\d{4}-/);
  });
  await check('an index costs what it is written', async () => {
    const { ConsumedCapacity } = await client.send(new PutItemCommand({
      TableName, Item: order('ann', 1, { state: { S: 'open' }, sum: { N: '10' } }), ReturnConsumedCapacity: 'INDEXES',
    }));
    assert.deepEqual(ConsumedCapacity, {
      TableName, CapacityUnits: 3, Table: { CapacityUnits: 1 },
      GlobalSecondaryIndexes: { 'by-state': { CapacityUnits: 1 } }, LocalSecondaryIndexes: { 'by-sum': { CapacityUnits: 1 } },
    });
  });
  await check('query the indexes, in pages and backwards', async () => {
    for (let n = 2; n <= 9; n++) {
      await client.send(new PutItemCommand({ TableName, Item: order('ann', n, { state: { S: n % 2 ? 'open' : 'done' }, sum: { N: String(100 - n) } }) }));
    }
    const sums = [];
    const q = { TableName, IndexName: 'by-state', KeyConditionExpression: '#s = :s', ExpressionAttributeNames: { '#s': 'state' }, ExpressionAttributeValues: { ':s': { S: 'open' } } };
    // A global index follows its table with a lag.
    for (let tries = 0; tries < 50 && sums.length < 5; tries++) {
      sums.length = 0;
      for await (const page of paginateQuery({ client, pageSize: 2 }, { ...q, ScanIndexForward: false })) {
        sums.push(...page.Items.map((i) => Number(i.sum.N)));
      }
    }
    assert.deepEqual(sums, [97, 95, 93, 91, 10]);
    const local = await client.send(new QueryCommand({ TableName, IndexName: 'by-sum', ConsistentRead: true, KeyConditionExpression: 'c = :c', ExpressionAttributeValues: { ':c': { S: 'ann' } }, Limit: 2 }));
    assert.deepEqual(local.Items.map((i) => i.n.N), ['1', '9']);
    assert.deepEqual(Object.keys(local.LastEvaluatedKey).sort(), ['c', 'n', 'sum']);
    assert.match((await refused(client.send(new QueryCommand({ ...q, ConsistentRead: true })))).message, /Consistent reads are not supported/);
  });
  await check('an index is made and removed', async () => {
    await client.send(new UpdateTableCommand({
      TableName, AttributeDefinitions: [{ AttributeName: 'sum', AttributeType: 'N' }],
      GlobalSecondaryIndexUpdates: [{ Create: { IndexName: 'sums', KeySchema: [{ AttributeName: 'sum', KeyType: 'HASH' }], Projection: { ProjectionType: 'ALL' } } }],
    }));
    await waitUntilTableExists(wait, { TableName });
    const found = await client.send(new QueryCommand({ TableName, IndexName: 'sums', KeyConditionExpression: '#s = :s', ExpressionAttributeNames: { '#s': 'sum' }, ExpressionAttributeValues: { ':s': { N: '10' } } }));
    assert.equal(found.Count, 1);
    await client.send(new UpdateTableCommand({ TableName, GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'sums' } }] }));
    await waitUntilTableExists(wait, { TableName });
    assert.equal((await client.send(new DescribeTableCommand({ TableName }))).Table.GlobalSecondaryIndexes.length, 1);
  });
}

async function transactions() {
  const put = (n, more) => ({ Put: { TableName, Item: order('tx', n), ...more } });
  await check('a transaction, and the same token again', async () => {
    const input = { ClientRequestToken: 'token-1', ReturnConsumedCapacity: 'TOTAL', TransactItems: [put(1), put(2)] };
    const first = await client.send(new TransactWriteItemsCommand(input));
    assert.deepEqual(first.ConsumedCapacity, [{ TableName, CapacityUnits: 4, WriteCapacityUnits: 4 }]);
    const again = await client.send(new TransactWriteItemsCommand(input));
    assert.deepEqual(again.ConsumedCapacity, [{ TableName, CapacityUnits: 4, ReadCapacityUnits: 4 }]);
    assert.ok(await refused(client.send(new TransactWriteItemsCommand({ ...input, TransactItems: [put(3)] }))) instanceof IdempotentParameterMismatchException);
  });
  await check('a transaction that is cancelled says why', async () => {
    const e = await refused(client.send(new TransactWriteItemsCommand({
      TransactItems: [put(5), put(1, { ConditionExpression: 'attribute_not_exists(c)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' })],
    })));
    assert.ok(e instanceof TransactionCanceledException);
    assert.deepEqual(e.CancellationReasons.map((r) => r.Code), ['None', 'ConditionalCheckFailed']);
    assert.deepEqual(e.CancellationReasons[1].Item, order('tx', 1));
    const got = await client.send(new TransactGetItemsCommand({ TransactItems: [1, 5].map((n) => ({ Get: { TableName, Key: order('tx', n) } })) }));
    assert.deepEqual(got.Responses.map((r) => r.Item), [order('tx', 1), undefined]);
  });
}

async function statements() {
  await check('PartiQL', async () => {
    await client.send(new ExecuteStatementCommand({ Statement: "INSERT INTO Orders VALUE {'c': ?, 'n': 1, 'v': 'x'}", Parameters: [{ S: 'pq' }] }));
    assert.ok(await refused(client.send(new ExecuteStatementCommand({ Statement: "INSERT INTO Orders VALUE {'c': 'pq', 'n': 1}" }))) instanceof DuplicateItemException);
    const up = await client.send(new ExecuteStatementCommand({ Statement: "UPDATE Orders SET v = 'y' WHERE c = 'pq' AND n = 1 RETURNING ALL NEW *" }));
    assert.equal(up.Items[0].v.S, 'y');
    const got = await client.send(new ExecuteStatementCommand({ Statement: "SELECT v FROM Orders WHERE c = 'pq' AND n >= 1", ReturnConsumedCapacity: 'TOTAL' }));
    assert.deepEqual([got.Items, got.ConsumedCapacity.CapacityUnits], [[{ v: { S: 'y' } }], 0.5]);
    const batch = await client.send(new BatchExecuteStatementCommand({ Statements: [{ Statement: "SELECT * FROM Orders WHERE c = 'pq' AND n = 1" }, { Statement: "SELECT * FROM Orders WHERE c = 'pq'" }] }));
    assert.deepEqual([batch.Responses[0].Item.v.S, batch.Responses[1].Error.Code], ['y', 'ValidationError']);
    await client.send(new ExecuteTransactionCommand({ TransactStatements: [{ Statement: "DELETE FROM Orders WHERE c = 'pq' AND n = 1" }] }));
  });
}

async function records() {
  await check('read the stream, shard by shard', async () => {
    const { Streams: [{ StreamArn }] } = await streams.send(new ListStreamsCommand({ TableName }));
    const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
    assert.deepEqual([StreamDescription.StreamStatus, StreamDescription.Shards.length], ['ENABLED', 4]);
    const seen = [];
    for (const { ShardId } of StreamDescription.Shards) {
      let { ShardIterator } = await streams.send(new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }));
      for (;;) {
        const page = await streams.send(new GetRecordsCommand({ ShardIterator, Limit: 3 }));
        if (page.Records.length === 0) break;
        seen.push(...page.Records);
        ShardIterator = page.NextShardIterator;
      }
    }
    const pq = seen.filter((r) => r.dynamodb.Keys.c.S === 'pq');
    assert.deepEqual(pq.map((r) => r.eventName), ['INSERT', 'MODIFY', 'REMOVE']);
    assert.deepEqual([pq[1].dynamodb.OldImage.v.S, pq[1].dynamodb.NewImage.v.S], ['x', 'y']);
    assert.equal(seen.length, 9 + 2 + 3);
  });
  await check('time to live', async () => {
    await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: { AttributeName: 'until', Enabled: true } }));
    assert.deepEqual((await client.send(new DescribeTimeToLiveCommand({ TableName }))).TimeToLiveDescription, { TimeToLiveStatus: 'ENABLED', AttributeName: 'until' });
    const until = { N: String(Math.floor(Date.now() / 1000) - 60) };
    for (let n = 1; n <= 20; n++) {
      await client.send(new PutItemCommand({ TableName, Item: order('old', n, { until }) }));
    }
    const left = async () => (await client.send(new QueryCommand({ TableName, KeyConditionExpression: 'c = :c', ExpressionAttributeValues: { ':c': { S: 'old' } }, Select: 'COUNT' }))).Count;
    // The server deletes within --ttl-within, which run.sh sets to a second.
    for (let tries = 0; tries < 100 && await left() > 0; tries++) {
      await new Promise((done) => { setTimeout(done, 50); });
    }
    assert.equal(await left(), 0);
  });
  await check('the limits of the account, and the end', async () => {
    assert.ok((await client.send(new DescribeLimitsCommand({}))).TableMaxReadCapacityUnits >= 40000);
    await client.send(new UpdateItemCommand({ TableName, Key: order('last', 1), UpdateExpression: 'SET v = :v', ExpressionAttributeValues: { ':v': { S: 'x' } } }));
    await client.send(new DeleteTableCommand({ TableName }));
  });
}

await indexes();
await transactions();
await statements();
await records();
console.log(`${checks} checks passed`);
