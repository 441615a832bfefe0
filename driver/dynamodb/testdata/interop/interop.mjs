// Drives a DynamoDB endpoint with the AWS SDK for JavaScript v3 and checks what it answers.
// Any difference ends it with a status other than 0.
import assert from 'node:assert/strict';
import {
  BatchWriteItemCommand, ConditionalCheckFailedException, CreateTableCommand, DeleteTableCommand, DescribeTableCommand,
  DynamoDBClient, GetItemCommand, ListTablesCommand, ListTagsOfResourceCommand, PutItemCommand, QueryCommand,
  ResourceNotFoundException, ScanCommand, TagResourceCommand, UntagResourceCommand, UpdateItemCommand, UpdateTableCommand,
  paginateQuery, paginateScan, waitUntilTableExists, waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand, BatchWriteCommand, DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand as DocQueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';

const endpoint = process.argv[2];
assert.ok(endpoint, 'usage: node interop.mjs ENDPOINT');
const settings = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'none', secretAccessKey: 'none' } };
// One attempt, so that a throttle is seen and not tried again.
const client = new DynamoDBClient({ ...settings, maxAttempts: 1 });
const patient = new DynamoDBClient({ ...settings, maxAttempts: 10 });
const docs = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
const TableName = 'Music';
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

async function create(name, more) {
  await client.send(new CreateTableCommand({
    TableName: name,
    AttributeDefinitions: [{ AttributeName: 'artist', AttributeType: 'S' }, { AttributeName: 'year', AttributeType: 'N' }],
    KeySchema: [{ AttributeName: 'artist', KeyType: 'HASH' }, { AttributeName: 'year', KeyType: 'RANGE' }],
    ...more,
  }));
  await waitUntilTableExists(wait, { TableName: name });
}

// refused returns the error that a request must be refused with.
async function refused(request) {
  try {
    await request;
  } catch (e) {
    return e;
  }
  return assert.fail('the request was not refused');
}

async function tables() {
  await check('create a table and wait for it', async () => {
    await create(TableName, { BillingMode: 'PAY_PER_REQUEST', Tags: [{ Key: 'owner', Value: 'interop' }] });
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    assert.equal(Table.TableStatus, 'ACTIVE');
    assert.equal(Table.BillingModeSummary.BillingMode, 'PAY_PER_REQUEST');
    assert.equal(Table.ItemCount, 0);
    assert.ok(Table.CreationDateTime instanceof Date && !Number.isNaN(Table.CreationDateTime.getTime()));
    assert.deepEqual((await client.send(new ListTablesCommand({}))).TableNames, [TableName]);
  });
  await check('tags', async () => {
    const { Table: { TableArn: ResourceArn } } = await client.send(new DescribeTableCommand({ TableName }));
    await client.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'a', Value: 'b' }] }));
    await client.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['owner'] }));
    assert.deepEqual((await client.send(new ListTagsOfResourceCommand({ ResourceArn }))).Tags, [{ Key: 'a', Value: 'b' }]);
  });
  await check('a table that is there already', async () => {
    const e = await refused(create(TableName, { BillingMode: 'PAY_PER_REQUEST' }));
    assert.equal(e.name, 'ResourceInUseException');
    assert.equal(e.$metadata.httpStatusCode, 400);
  });
}

const song = {
  artist: 'Ana', year: 1999, title: 'Café "Ä"', price: 12.5, hit: true, none: null, plays: [1, 2, 3],
  labels: new Set(['x', 'y']), numbers: new Set([10, 9]), cover: new Uint8Array([0, 1, 255]), by: { name: 'A', born: [1970] },
};

async function items() {
  await check('put and get every type of attribute', async () => {
    const put = await docs.send(new PutCommand({ TableName, Item: song, ReturnConsumedCapacity: 'TOTAL' }));
    assert.deepEqual(put.ConsumedCapacity, { TableName, CapacityUnits: 1 });
    const got = await docs.send(new GetCommand({ TableName, Key: { artist: 'Ana', year: 1999 }, ConsistentRead: true, ReturnConsumedCapacity: 'INDEXES' }));
    assert.deepEqual(got.Item, song);
    assert.deepEqual(got.ConsumedCapacity, { TableName, CapacityUnits: 1, Table: { CapacityUnits: 1 } });
  });
  await check('a projection, and an item that is not there', async () => {
    const got = await docs.send(new GetCommand({
      TableName, Key: { artist: 'Ana', year: 1999 }, ProjectionExpression: '#by.#n, plays[1]', ExpressionAttributeNames: { '#by': 'by', '#n': 'name' },
    }));
    assert.deepEqual(got.Item, { by: { name: 'A' }, plays: [2] });
    assert.equal((await client.send(new GetItemCommand({ TableName, Key: { artist: { S: 'Nobody' }, year: { N: '1' } } }))).Item, undefined);
  });
  await check('update', async () => {
    const up = await docs.send(new UpdateCommand({
      TableName, Key: { artist: 'Ana', year: 1999 },
      UpdateExpression: 'SET price = price + :p, plays = list_append(plays, :l) REMOVE hit ADD seen :one DELETE labels :x',
      ExpressionAttributeValues: { ':p': 0.5, ':l': [4], ':one': 1, ':x': new Set(['x']) }, ReturnValues: 'UPDATED_NEW',
    }));
    assert.deepEqual(up.Attributes, { price: 13, plays: [1, 2, 3, 4], seen: 1, labels: new Set(['y']) });
  });
  await check('a condition that fails hands out the item', async () => {
    const e = await refused(client.send(new UpdateItemCommand({
      TableName, Key: { artist: { S: 'Ana' }, year: { N: '1999' } }, UpdateExpression: 'SET price = :p', ConditionExpression: 'price < :limit',
      ExpressionAttributeValues: { ':p': { N: '1' }, ':limit': { N: '5' } }, ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    })));
    assert.ok(e instanceof ConditionalCheckFailedException);
    assert.equal(e.message, 'The conditional request failed');
    assert.equal(e.Item.price.N, '13');
  });
  await check('a validation error and an unknown table', async () => {
    const e = await refused(client.send(new PutItemCommand({ TableName, Item: { artist: { S: 'Ana' } } })));
    assert.equal(e.name, 'ValidationException');
    assert.match(e.message, /Missing the key year in the item/);
    assert.ok(await refused(client.send(new GetItemCommand({ TableName: 'None', Key: { a: { S: 'a' } } }))) instanceof ResourceNotFoundException);
  });
  await check('delete', async () => {
    const gone = await docs.send(new DeleteCommand({ TableName, Key: { artist: 'Ana', year: 1999 }, ReturnValues: 'ALL_OLD' }));
    assert.equal(gone.Attributes.title, song.title);
  });
}

async function pages() {
  await check('batches', async () => {
    for (let at = 0; at < 100; at += 25) {
      const requests = Array.from({ length: 25 }, (_, i) => ({ PutRequest: { Item: { artist: `a${(at + i) % 4}`, year: at + i, text: 'x'.repeat(200) } } }));
      assert.deepEqual((await docs.send(new BatchWriteCommand({ RequestItems: { [TableName]: requests } }))).UnprocessedItems, {});
    }
    const got = await docs.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys: [{ artist: 'a1', year: 1 }, { artist: 'a2', year: 2 }, { artist: 'a3', year: 2 }] } } }));
    assert.deepEqual(got.Responses[TableName].map((i) => i.year).sort(), [1, 2]);
    assert.deepEqual(got.UnprocessedKeys, {});
  });
  await check('query a range, in pages, both ways', async () => {
    const input = {
      TableName, KeyConditionExpression: 'artist = :a AND #y BETWEEN :l AND :h', ExpressionAttributeNames: { '#y': 'year' },
      ExpressionAttributeValues: { ':a': { S: 'a1' }, ':l': { N: '9' }, ':h': { N: '41' } },
    };
    const years = [];
    let count = 0;
    for await (const page of paginateQuery({ client, pageSize: 4 }, { ...input })) {
      years.push(...page.Items.map((i) => Number(i.year.N)));
      count++;
    }
    assert.deepEqual(years, [9, 13, 17, 21, 25, 29, 33, 37, 41]);
    assert.ok(count >= 3);
    const down = await client.send(new QueryCommand({ ...input, ScanIndexForward: false, Limit: 2 }));
    assert.deepEqual(down.Items.map((i) => i.year.N), ['41', '37']);
    assert.deepEqual(down.LastEvaluatedKey, { artist: { S: 'a1' }, year: { N: '37' } });
  });
  await check('query with a filter, and counts alone', async () => {
    const q = { TableName, KeyConditionExpression: 'artist = :a', FilterExpression: 'size(#t) > :n', ExpressionAttributeNames: { '#t': 'text' }, ExpressionAttributeValues: { ':a': 'a1', ':n': 500 } };
    const none = await docs.send(new DocQueryCommand(q));
    assert.deepEqual([none.Count, none.ScannedCount, none.Items], [0, 25, []]);
    const all = await docs.send(new DocQueryCommand({ TableName, KeyConditionExpression: 'artist = :a', ExpressionAttributeValues: { ':a': 'a1' }, Select: 'COUNT' }));
    assert.deepEqual([all.Count, all.Items], [25, undefined]);
  });
  await check('a parallel scan yields each item once', async () => {
    const seen = [];
    for (let Segment = 0; Segment < 3; Segment++) {
      for await (const page of paginateScan({ client, pageSize: 10 }, { TableName, Segment, TotalSegments: 3 })) {
        seen.push(...page.Items.map((i) => Number(i.year.N)));
      }
    }
    assert.deepEqual(seen.sort((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i));
    const one = await client.send(new ScanCommand({ TableName, ReturnConsumedCapacity: 'TOTAL', Select: 'COUNT' }));
    // 90 items of two digits and 10 of one, 221 or so bytes each: the sum is rounded once.
    assert.equal(one.Count, 100);
    assert.ok(one.ConsumedCapacity.CapacityUnits >= 2.5 && one.ConsumedCapacity.CapacityUnits <= 3.5, `${one.ConsumedCapacity.CapacityUnits} units`);
  });
}

async function throttles() {
  await check('a hot key is throttled, with the reason', async () => {
    // Writes of 100 KB cost 100 units; one partition has 1,000 a second. All are sent at once.
    const item = { artist: { S: 'hot' }, year: { N: '1' }, b: { S: 'x'.repeat(100 * 1024 - 100) } };
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => client.send(new PutItemCommand({ TableName, Item: item }))));
    const errors = outcomes.filter((o) => o.status === 'rejected').map((o) => o.reason);
    assert.ok(errors.length > 0 && errors.length < 40, `${errors.length} of 40 were refused`);
    for (const e of errors) {
      assert.equal(e.name, 'ThrottlingException');
      assert.equal(e.$metadata.httpStatusCode, 400);
      const reasons = e.throttlingReasons ?? e.ThrottlingReasons;
      assert.equal(reasons.length, 1);
      assert.equal(reasons[0].reason, 'TableWriteKeyRangeThroughputExceeded');
      assert.match(reasons[0].resource, /^arn:aws:dynamodb:us-east-1:\d{12}:table\/Music$/);
    }
  });
  await check('the SDK tries a throttled request again', async () => {
    await patient.send(new PutItemCommand({ TableName, Item: { artist: { S: 'hot' }, year: { N: '2' } } }));
  });
  await check('a provisioned table, changed and exceeded', async () => {
    await create('Small', { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 5 } });
    await client.send(new UpdateTableCommand({ TableName: 'Small', ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } }));
    await waitUntilTableExists(wait, { TableName: 'Small' });
    const { Table } = await client.send(new DescribeTableCommand({ TableName: 'Small' }));
    assert.deepEqual([Table.ProvisionedThroughput.WriteCapacityUnits, Table.ProvisionedThroughput.NumberOfDecreasesToday], [1, 1]);
    const e = await refused((async () => {
      for (let i = 0; i < 2000; i++) {
        await client.send(new PutItemCommand({ TableName: 'Small', Item: { artist: { S: `k${i}` }, year: { N: '1' } } }));
      }
    })());
    assert.equal(e.name, 'ProvisionedThroughputExceededException');
    assert.equal((e.ThrottlingReasons ?? e.throttlingReasons)[0].reason, 'TableWriteProvisionedThroughputExceeded');
    const batch = new BatchWriteItemCommand({
      RequestItems: { Small: Array.from({ length: 25 }, (_, i) => ({ DeleteRequest: { Key: { artist: { S: `k${i}` }, year: { N: '1' } } } })) },
    });
    const left = await client.send(batch).then((r) => r.UnprocessedItems.Small.length, (f) => (assert.equal(f.name, 'ProvisionedThroughputExceededException'), 25));
    assert.ok(left > 0 && left <= 25);
  });
}

async function end() {
  await check('delete the tables and wait until they are gone', async () => {
    for (const name of [TableName, 'Small']) {
      await client.send(new DeleteTableCommand({ TableName: name }));
      await waitUntilTableNotExists(wait, { TableName: name });
    }
    assert.deepEqual((await client.send(new ListTablesCommand({}))).TableNames, []);
  });
}

await tables();
await items();
await pages();
await throttles();
await end();
console.log(`${checks} checks passed`);
