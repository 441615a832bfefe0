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

// subject returns what an expression may ask of a record; now is in milliseconds since 2010.
func subject(r *store.Record, set string, now uint64) *expression.Record {
	return &expression.Record{
		Bin: func(name []byte) (uint8, []byte) {
			var op wire.Op
			for ops := r.Ops(); ops.Next(&op); {
				if string(op.Name) == string(name) {
					return op.Type, op.Value
				}
			}
			return wire.Null, nil
		},
		Key: r.Key(), Set: set, Digest: r.Digest, Bytes: int(r.Device),
		LastUpdate: r.LastUpdate, VoidTime: r.VoidTime, Now: now,
	}
}

// subject returns what an expression may ask of the record whose bins are being changed: the
// bins as they are by now, all else as it was. old is nil for a new record.
func (b *binSet) subject(old *store.Record, set string, now uint64) *expression.Record {
	e := &expression.Record{Set: set, Now: now}
	if old != nil {
		e = subject(old, set, now)
	}
	e.Bin = func(name []byte) (uint8, []byte) {
		if i := b.find(name); i >= 0 {
			return b.bins[i].Type, b.bins[i].Value
		}
		return wire.Null, nil
	}
	return e
}
