// Package aerospike drives an Aerospike cluster through aerospike-client-go v7, over the
// server's own wire protocol. A scenario's target comes in; outcomes of operations go out,
// with every attempt that was made for them.
//
// # Attempts
//
// The client library makes retries of its own, and neither reports them one by one nor says
// how long each took. There are two ways to see them: to read the library's counters, which
// cannot be told apart by operation, or to switch its retries off and make them here. This
// package makes them: every call of the library is one attempt (MaxRetries 0, which in v7 is
// one request on the wire), its latency is measured around the call, and what follows a
// failed one is decided by the target's `retries`. A query or a scan page is one attempt
// however many nodes the library sends it to.
//
// What is retried: KEY_BUSY, DEVICE_OVERLOAD, BATCH_QUEUES_FULL, QUERY_QUEUEFULL,
// QUOTA_EXCEEDED, an unavailable partition or node, and, for reads, timeouts and broken
// connections. A write that timed out or whose connection broke may have been applied: it is
// in doubt, and it is sent again only if `retries.in_doubt_writes` says so, since a
// conditional write that was applied would then be refused by its own effect. The wait before
// attempt n+1 is drawn evenly from 0 to base × 2^(n-1), at most max ("full jitter", AWS
// Architecture Blog, "Exponential Backoff And Jitter").
//
// The library's circuit breaker (MaxErrorRate) is off: it would refuse operations without
// sending them. Its pause between retries stays at one millisecond because it is also how
// long it pauses while a connection is being opened; with one attempt a call it is nothing
// else. Connections are opened before recording (Warm), one for each session and node.
//
// The library's calls take no context: when an operation's context ends, the attempt under
// way still takes until its answer or its timeout, and no other follows.
//
// # Records
//
// One item is one record. Its user key is the partition key, with "|" and the sort key where
// there is one, of type string; only its digest is sent, as the library does by default. Its
// bins are strings: pk, sk, ver, a00, a01, … as workload names the attributes. Records are
// written never to expire (TTL -1), so that no run depends on a namespace's default-ttl.
//
// Partial updates put or operate on single bins, with the version's bin in the same request, and
// leave a record's end as it is. Conditions that compare are filter expressions on a write that
// must find its record: FILTERED_OUT, as KEY_NOT_FOUND_ERROR then, is a condition that did not
// hold. A batch goes to all nodes at once; what is refused of it is sent again by itself, as one
// more attempt of the same request.
//
// This version of the library has no multi-record transactions. A scenario that asks for them is
// refused unless the target says `transactions: separate_writes`: then steps are separate
// requests one after another, neither atomic nor isolated, and runs say so.
//
// # Ownership
//
// Aerospike has no tags on a set. Provision writes a marker into an empty set before anything
// else: a record of that same set whose user key is MarkerKey. A set that holds records but
// no marker is refused with driver.ErrNotOwned, unless the target names it by `set:` with
// `expendable: true`. The marker lives and dies with the data: who truncates the set and
// fills it anew has a set that crossover no longer owns. Scans skip it. Drop truncates a set
// only after it has read the marker; other sets and the namespace are never touched.
package aerospike
