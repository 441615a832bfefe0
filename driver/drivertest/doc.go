// Package drivertest is the one suite that every driver passes: what crossover's engine, cost
// model and reports take for granted of a driver, checked against a database that the driver's
// own test provides.
//
//	func TestDriver(t *testing.T) {
//		drivertest.Run(t, drivertest.Subject{
//			Definition: Definition(),
//			Place:      "table",
//			Start:      func(t *testing.T, s drivertest.State) drivertest.Database { … },
//		})
//	}
//
// Besides what the contract in package driver says, the suite settles what it leaves open, so
// that each side of a comparison does the same work and counts it alike:
//
//   - BytesOut and BytesIn are whole items by workload.Scenario.ItemSize, once for each item
//     written or read, whatever the protocol adds and however often an attempt was repeated.
//     Keys in a request are not counted.
//   - Items is how many items were written or returned: 1 for a write that was applied, 2 for a
//     read_modify_write.
//   - A read of an item that is not there is NotFound, and so is a query that finds no item. A
//     scan page that happens to be empty is OK.
//   - An unconditional delete of an item that is not there is a success, OK or NotFound.
//   - A read_modify_write of an item that is not there ends with its read: NotFound, one
//     request, nothing written. Otherwise it has two requests, both in Attempts.
//   - A query without a sort key is a read.
//   - A session's scan pages, taken together until the table begins again, hold each item
//     exactly once.
//   - ConditionFailed is an answer: one attempt of that class, no retry, nothing written.
//   - Every failed attempt has a reason, and the outcome has the last one's, even when a retry
//     then succeeded. Every attempt is in Attempts, with the time it was sent on the clock that
//     the driver was opened with. The last attempt's class is the outcome's, unless the operation
//     gave up between two of them.
//   - An operation whose context has ended, or ends, is Timeout or Failed, and Do returns.
//   - Provision may be called again; Drop may be called without Provision, and again.
package drivertest
