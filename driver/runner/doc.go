// Package runner is the load engine: it sends a scenario's stream of operations, on its
// schedule, through an opened driver, and records what came of each into a run directory.
//
// In come a workload.Scenario and a driver.Driver; out go a run directory (package results)
// and its manifest. The way of one operation:
//
//  1. The pacer walks the schedule and puts each operation that is due into a queue, in order.
//  2. A free session takes it; when none is free it waits, and its response time runs.
//  3. The session's worker makes the operation (workload.Stream), sends it, and records the
//     outcome in a shard of its own: response time from the intended start, service time from
//     the actual send, both in flat HdrHistogram counts.
//  4. Once an interval the collector exchanges each worker's shard for an empty one, without
//     stopping the worker, merges what it took and writes the interval's lines.
//
// From 1 to 3 nothing is allocated per operation. A closed loop has no pacer: each worker
// takes the next operation when its last one has ended, and response time is service time.
//
// The generator watches itself (Health): when it, and not the database, may have set the
// figures, the interval and then the run are marked generator-limited.
package runner
