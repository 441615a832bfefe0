package main

import (
	"strings"
	"testing"
)

// schemaTyped has what the further operations work on.
const schemaTyped = `version: 1
name: schema
dataset:
  items: 1000
  key: {sort: {per_partition: 10}}
  size: 1KiB
  attributes:
    - {name: status, type: string, value: {enum: [open, paid]}}
    - {name: stock, type: number, value: {integer: {min: 0, max: 99}}}
    - {name: tags, type: list, value: uuid}
    - {name: note, type: string}
indexes: [{name: by-status, kind: global, partition: status, sort: stock, projection: [note], capacity: {read: 10, write: 1_0}}, {name: by-stock, kind: local, sort: stock}]
workload:
  operations: {read: 50%, KIND: 50%}
  OPTIONS
  arrival: {closed: {workers: 2}}
  phases: [{name: a, for: 10s}]
`

// What the decoder accepts of the further operations the schema accepts, and what it refuses of
// their form the schema refuses.
func TestSchemaOfFurtherOperations(t *testing.T) {
	s := compiled(t)
	for _, c := range []struct {
		kind, options string
		want          bool
	}{
		{"conditional_update", "conditional_update: {condition: exists}", true},
		{"conditional_update", "conditional_update: {condition: {attribute: stock, compare: at_least, value: 1_0}}", true},
		{"conditional_update", "conditional_update: {}", false},
		{"conditional_update", "conditional_update: {condition: there}", false},
		{"conditional_update", "conditional_update: {condition: {attribute: stock, compare: more, value: 1}}", false},
		{"partial_update", "partial_update: {attributes: [status, note], condition: not_exists}", true},
		{"partial_update", "partial_update: {attributes: status}", false},
		{"increment", "increment: {attribute: stock, by: -5}", true},
		{"increment", "increment: {attribute: stock, by: much}", false},
		{"append", "append: {attribute: tags, elements: 3}", true},
		{"touch", "write: {ttl: 60s}", true},
		{"query_index", "query_index: {index: by-status, order: reverse, filter: {attribute: stock, compare: above, value: 5}, pages: 3}", true},
		{"query_index", "query_index: {index: by-status, order: down}", false},
		{"query", "query: {order: forward, filter: {attribute: status, value: open}, pages: 1}", true},
		{"scan_page", "scan: {segments: 8, filter: {attribute: status, value: open}}", true},
		{"scan_page", "scan: {segments: some}", false},
		{"batch_read", "batch_read: {items: 100}", true},
		{"batch_write", "batch_write: {items: 25, deletes: 10%}", true},
		{"batch_write", "batch_write: {items: 25, deletes: 0.1}", false},
		{"transact_read", "transact_read: {items: 2}", true},
		{"transact_write", "transact_write: {items: 2}", true},
		{"transact_write", "transact_write: {steps: [{do: increment, attribute: stock, by: 1}, {do: check, condition: exists}, {do: delete}]}", true},
		{"transact_write", "transact_write: {items: 2, steps: [{do: put}]}", false},
		{"transact_write", "transact_write: {steps: [{do: jump}]}", false},
		{"update", "read: {attributes: [status]}", true},
	} {
		text := strings.NewReplacer("KIND", c.kind, "OPTIONS", c.options).Replace(schemaTyped)
		checkBoth(t, s, c.want, c.options, text)
	}
}
