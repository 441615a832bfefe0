// Package dynamodb drives DynamoDB, or anything that speaks its API.
//
// # Clients
//
// A scenario chooses between two, and every report names the one that was used. `sdk` is
// aws-sdk-go-v2 as an application written in Go has it: its transport with its defaults, its
// middleware, its costs. `lean` sends the same signed requests and understands the same answers,
// with the SDK's own credentials, signer, messages, error types and retry rules; but it writes
// them as bytes on a connection of each session's own and reads the answer on the caller's
// goroutine, which takes about a fifth of the CPU, so that the generator measures the database
// rather than the SDK. Both account their attempts alike. They differ in this: the SDK only logs
// that a body does not have the checksum that came with it, to lean that is a failed attempt
// (ChecksumMismatch), which is tried again; the SDK's transport keeps ten idle connections, a
// lean session its own; the SDK goes through a proxy that the environment names, lean refuses to.
//
// In comes a target of a scenario (Config); out go outcomes: how one operation maps to requests
// is said by workload/mapping, item bytes are counted by DynamoDB's size rules, and consumed
// capacity is what the service reports (ReturnConsumedCapacity: TOTAL, or INDEXES where the scenario
// has secondary indexes).
//
// # Attempts
//
// The SDK's client retries inside a call, and on success its result does not show that it did: an
// operation that was throttled twice and then answered looks like a slow answer. Here a step of
// the SDK's middleware, behind its "Retry" step, sees each attempt: when it was sent, how long
// it took, what came of it, and the service's own ThrottlingReasons, which are read from the
// error's body. So every attempt is in Outcome.Attempts, and a throttled one counts as a throttle
// although the operation succeeded.
//
// An attempt's latency runs from its entry into that step to the end of its deserialization:
// endpoint and credentials, signature, connection, request and answer. What lies outside it is
// in the operation's service time only: serialization of the request, and the SDK's waits
// between attempts (a random share of 50 ms × 2^(n−1), of 1 s × 2^(n−1) after a throttle, 20 s at
// most).
//
// Retries are the SDK's standard ones, configured by Retries. Its retry quota, a bucket of 500
// tokens of which a retry takes 14 and one after a throttle 5, is shared by all sessions, as it
// is by all goroutines that share a client; under lasting throttles it ends retries early, so
// that fewer attempts are seen than Attempts allows. Adaptive mode holds attempts back in the
// client besides, first ones too, once it has seen throttles: an application that has it on
// waits for that as it does for the database, so that response and service times contain it;
// attempts' latencies do not, a warning in the manifest names it, and the samples count it.
//
// # What is left out of the SDK
//
// Endpoint discovery is off (it would send requests of its own), and so is its log. What is not
// an operation of the stream (tables, loading) goes over connections of the driver's own, which
// are HTTP/1.1, as many as are needed, and kept.
//
// # Several items
//
// What a batch leaves unprocessed is sent again by itself, with the retryer's waits and as often as
// a request may be attempted; the attempt that left it is a throttled one (UnprocessedItems). A
// cancelled transaction goes by its cancellation reasons, a condition first, then throttles, then
// TransactionConflict, which is overload; the SDK does not try it again. Each transaction has a
// token of its own for all its attempts.
//
// # Tables
//
// A table that Provision creates carries the tags crossover=owned and crossover-run. A table
// that exists is used only if it carries that tag, or if the scenario names it and calls it
// expendable. An owned table that an earlier run left is used as it is when its keys and
// capacity are those asked for; Load then makes it anew first, so that the data set is exactly
// the scenario's, and without Load the description warns that it is not. An expendable table
// that is not crossover's own is never dropped or emptied: what was in it before stays, which
// is a warning.
//
// # Spending
//
// Consumed (runner.Meter) counts loading too. Where the service bills and reports nothing, for
// a write whose condition fails (AWS DynamoDB Developer Guide, "Working with items and
// attributes", conditional writes), and where an answer never came, it counts what
// workload/mapping computes for the item: a limit on spending stops early rather than late.
// Outcomes hold only what was reported.
package dynamodb
