// Drives a cluster with the Node.js client: node interop.mjs HOST:PORT. It ends with 1 at the
// first thing that is not as it should be.
import assert from 'node:assert/strict'
import Aerospike from 'aerospike'

const { lists, maps, operations, exp, filter, indexDataType } = Aerospike
const namespace = 'test'
const set = 'node'
const client = await Aerospike.connect({
  hosts: process.argv[2],
  policies: { read: { totalTimeout: 10000 }, write: { totalTimeout: 10000 } },
  log: { level: Aerospike.log.OFF }
})
const key = (i) => new Aerospike.Key(namespace, set, i)
const refused = async (code, promise) => {
  const err = await promise.then(() => null, (e) => e)
  assert.equal(err?.code, code)
}

try {
  assert.equal(client.getNodes().length, 3)

  // One record, written, read, changed and deleted.
  const bins = { i: 1, s: 'text', f: 1.5, b: Buffer.from([1, 2]) }
  await client.put(key(0), bins)
  assert.deepEqual((await client.get(key(0))).bins, bins)
  let r = await client.operate(key(0), [operations.incr('i', 41), operations.append('s', ' more'), operations.read('s')])
  assert.equal(r.bins.s, 'text more')
  assert.equal((await client.get(key(0))).bins.i, 42)
  await refused(Aerospike.status.ERR_RECORD_GENERATION,
    client.put(key(0), { i: 0 }, { gen: 1 }, { gen: Aerospike.policy.gen.EQ }))
  await refused(Aerospike.status.ERR_RECORD_EXISTS,
    client.put(key(0), { i: 0 }, null, { exists: Aerospike.policy.exists.CREATE }))
  await client.remove(key(0))
  assert.equal(await client.exists(key(0)), false)
  await refused(Aerospike.status.ERR_RECORD_NOT_FOUND, client.get(key(0)))

  // Lists and maps, changed from inside, and filters on them.
  await client.operate(key(0), [
    lists.appendItems('l', [3, 1, 2]), lists.sort('l', lists.sortFlags.DEFAULT),
    maps.put('m', 'a', 1), maps.increment('m', 'a', 6)
  ])
  r = await client.get(key(0))
  assert.deepEqual([r.bins.l, r.bins.m], [[1, 2, 3], { a: 7 }])
  r = await client.operate(key(0), [lists.getByRank('l', -1, lists.returnType.VALUE)])
  assert.equal(r.bins.l, 3)
  const size = (n) => ({ filterExpression: exp.eq(exp.lists.size(exp.binList('l')), exp.int(n)) })
  await refused(Aerospike.status.FILTERED_OUT, client.put(key(0), { n: 1 }, null, new Aerospike.WritePolicy(size(4))))
  await client.put(key(0), { n: 1 }, null, new Aerospike.WritePolicy(size(3)))

  // Several records at once.
  const n = 100
  const all = Array.from({ length: n }, (_, i) => i + 1)
  for (const b of await client.batchWrite(all.map((i) => ({
    type: Aerospike.batchType.BATCH_WRITE, key: key(i), ops: [operations.write('i', i)]
  })))) assert.equal(b.status, 0)
  const read = await client.batchRead(all.map((i) => ({ key: key(i), readAllBins: true })))
  assert.deepEqual(read.map((b) => b.record.bins.i), all)

  // Scans, and queries by a secondary index.
  const job = await client.createIndex({ ns: namespace, set, bin: 'i', index: 'node-i', datatype: indexDataType.NUMERIC })
  await job.waitUntilDone()
  assert.equal((await client.scan(namespace, set).results()).length, n + 1)
  const query = client.query(namespace, set)
  query.where(filter.range('i', 20, 30))
  assert.deepEqual((await query.results()).map((r) => r.bins.i).sort((a, b) => a - b), all.slice(19, 30))
  console.log('Node.js client: records, collections, expressions, batches, queries: as they should be')
} finally {
  client.close()
}
