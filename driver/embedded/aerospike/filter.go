package aerospike

import (
	"crossover/driver/embedded/aerospike/expression"
	"crossover/driver/embedded/aerospike/store"
	"crossover/driver/embedded/aerospike/wire"
)

// filters keeps the expression that a connection compiled last: clients send the same one with
// request after request.
type filters struct {
	raw  string
	last *expression.Expression
}

// compile returns the filter expression of a field; ok is false for one that is not a filter.
func (f *filters) compile(field []byte) (e *expression.Expression, ok bool) {
	if f.last != nil && f.raw == string(field) {
		return f.last, true
	}
	raw := string(field) // the expression points into it, and outlives the request
	if e, ok = expression.CompileFilter([]byte(raw)); !ok {
		return nil, false
	}
	f.raw, f.last = raw, e
	return e, true
}

// of returns the filter of a message, nil for none.
func (f *filters) of(m *wire.Message) (e *expression.Expression, r wire.Result) {
	field, ok := m.Field(wire.FieldFilter)
	if !ok {
		return nil, wire.OK
	}
	if e, ok = f.compile(field); !ok {
		return nil, wire.ParameterError
	}
	return e, wire.OK
}

// An asker is what an expression's record is made from when there is an expression: a record,
// and, while its bins are being changed, the bins as they are by now. It is passed by value, so
// that a request without an expression pays nothing.
type asker struct {
	record *store.Record // nil: none, it is being made
	bins   *binSet       // nil: the record's own
	set    []byte
	now    uint64 // milliseconds since 2010
}

// subject returns what an expression may ask.
func (a asker) subject() *expression.Record {
	e := &expression.Record{Set: string(a.set), Now: a.now}
	if r := a.record; r != nil {
		e.Key, e.Digest, e.Bytes = r.Key(), r.Digest, int(r.Device)
		e.LastUpdate, e.VoidTime = r.LastUpdate, r.VoidTime
		e.Bin = func(name []byte) (uint8, []byte) {
			var op wire.Op
			for ops := r.Ops(); ops.Next(&op); {
				if string(op.Name) == string(name) {
					return op.Type, op.Value
				}
			}
			return wire.Null, nil
		}
	}
	if b := a.bins; b != nil {
		e.Bin = func(name []byte) (uint8, []byte) {
			if i := b.find(name); i >= 0 {
				return b.bins[i].Type, b.bins[i].Value
			}
			return wire.Null, nil
		}
	}
	return e
}

// passes reports whether a filter, if any, lets a record through.
func passes(f *expression.Expression, r *store.Record, set string, now uint64) bool {
	if f == nil {
		return true
	}
	own := *r // so that the caller's need not be on the heap when there is no filter
	return f.Match(asker{record: &own, set: []byte(set), now: now}.subject())
}
