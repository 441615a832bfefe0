package aerospike

import (
	"bytes"

	"crossover/driver/embedded/aerospike/geo"
	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/store"
	"crossover/driver/embedded/aerospike/wire"
)

// findIndex finds the secondary index that answers the query, and what of it is wanted.
func (n *Node) findIndex(m *wire.Message, q *query) wire.Result {
	r := q.Range
	if m.Has(wire.FieldIndexExpression) {
		return wire.IndexNotFound // indexes are on bins only
	}
	wanted := store.Definition{
		Set: string(q.set), Bin: string(r.Bin), Type: r.Type,
		Over: store.Collection(r.IndexType), Context: string(r.Context),
	}
	var ok bool
	if name, named := m.Field(wire.FieldIndexName); named && len(name) > 0 {
		q.index, ok = n.cluster.store.FindIndex(string(name))
		ok = ok && q.index.Type == wanted.Type && q.index.Over == wanted.Over
	} else {
		q.index, ok = n.cluster.store.IndexOn(wanted)
	}
	if !ok {
		return wire.IndexNotFound
	}
	if q.index.LoadPct() < 100 {
		return wire.IndexNotReadable
	}
	return q.within(r)
}

// within reads what of the index is wanted.
func (q *query) within(r *wire.Range) wire.Result {
	var ok bool
	if q.of.From, ok = store.IndexValue(r.Type, r.Begin); !ok {
		return wire.ParameterError
	}
	if q.of.To, ok = store.IndexValue(r.Type, r.End); !ok || q.of.From > q.of.To {
		return wire.ParameterError
	}
	switch r.Type {
	case wire.String, wire.Blob:
		// They have no order in the index, whose values are hashes: the value itself must be the one.
		if !bytes.Equal(r.Begin, r.End) {
			return wire.ParameterError
		}
		exact := r.Begin
		q.of.Match = func(value []byte) bool { return bytes.Equal(value, exact) }
	case wire.GeoJSON:
		shape, ok := geo.Parse(r.Begin)
		if !ok {
			return wire.ParameterError
		}
		q.of.Match = func(value []byte) bool {
			text, ok := msgpack.GeoText(value)
			if !ok {
				return false
			}
			other, ok := geo.Parse(text)
			return ok && geo.Match(shape, other)
		}
	}
	return wire.OK
}
