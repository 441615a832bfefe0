package expression

import (
	"slices"

	"crossover/driver/embedded/aerospike/cdt"
	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

func numberOf(b []byte) (int64, bool) {
	item, _, ok := msgpack.Next(b)
	if !ok {
		return 0, false
	}
	return item.Int()
}

// nameOf returns the text of a name, which is packed without a particle type.
func nameOf(b []byte) ([]byte, bool) {
	item, _, ok := msgpack.Next(b)
	if !ok || item.Kind != msgpack.String && item.Kind != msgpack.Bytes && item.Kind != msgpack.GeoJSON {
		return nil, false
	}
	size := len(item.Data)
	if item.Data != nil {
		size++ // its first byte was taken for a particle type
	}
	return b[len(b)-size:], true
}

// typeOf reads the type that a bin, a key or a call is said to have.
func typeOf(b []byte) (Type, bool) {
	v, ok := numberOf(b)
	return Type(v), ok && v >= 0 && v < int64(typeCount)
}

func digestModulo(_ *compiler, n *node, list [][]byte) (ok bool) {
	if len(list) != 1 {
		return false
	}
	n.typ = Int
	n.number, ok = numberOf(list[0])
	n.number = int64(int32(n.number))
	return ok && n.number != 0
}

func key(_ *compiler, n *node, list [][]byte) (ok bool) {
	if len(list) != 1 {
		return false
	}
	n.typ, ok = typeOf(list[0])
	return ok && (n.typ == Int || n.typ == String || n.typ == Blob)
}

func bin(_ *compiler, n *node, list [][]byte) bool {
	if len(list) != 2 {
		return false
	}
	var typed, named bool
	n.typ, typed = typeOf(list[0])
	n.name, named = nameOf(list[1])
	return typed && named && len(n.name) <= wire.MaxBinName
}

func binType(_ *compiler, n *node, list [][]byte) (ok bool) {
	if len(list) != 1 {
		return false
	}
	n.typ = Int
	n.name, ok = nameOf(list[0])
	return ok && len(n.name) <= wire.MaxBinName
}

// quote is a list that stands for itself.
func quote(_ *compiler, n *node, list [][]byte) bool {
	if len(list) != 1 {
		return false
	}
	item, _, _ := msgpack.Next(list[0])
	out, err := msgpack.Normalise(nil, list[0], false)
	if item.Kind != msgpack.List || err != nil {
		// A list with a wildcard in it is only compared with, and kept as it came.
		if item.Kind != msgpack.List {
			return false
		}
		out = list[0]
	}
	n.op, n.typ = opValue, List
	n.value = Value{Type: List, Bytes: out}
	return true
}

func (c *compiler) cond(n *node, list [][]byte) bool {
	if len(list) < 3 || len(list)%2 == 0 || !c.arguments(n, list) {
		return false
	}
	n.typ = other
	for i, a := range n.args {
		switch {
		case i%2 == 0 && i < len(n.args)-1: // a condition
			if a.typ != Bool {
				return false
			}
		case a.op == opUnknown: // it may stand for any type
		case n.typ == other:
			n.typ = a.typ
		case a.typ != n.typ:
			return false
		}
	}
	if n.typ == other {
		n.typ = Bool // all are unknown
	}
	return true
}

func (c *compiler) variable(n *node, list [][]byte) bool {
	if len(list) != 1 {
		return false
	}
	name, ok := nameOf(list[0])
	if !ok {
		return false
	}
	for i, v := range c.scope {
		if v.name == string(name) {
			n.slot, n.typ = i, v.typ
			return v.typ != other // else it would be used in its own definition
		}
	}
	return false
}

func (c *compiler) let(n *node, list [][]byte) bool {
	if len(list) < 3 || len(list)%2 == 0 {
		return false
	}
	n.slot = len(c.scope)
	defer func() { c.scope = c.scope[:n.slot] }()
	for i := 0; i+1 < len(list); i += 2 {
		name, ok := nameOf(list[i])
		if !ok || !isName(name) || slices.ContainsFunc(c.scope, func(v variable) bool { return v.name == string(name) }) {
			return false
		}
		c.scope = append(c.scope, variable{string(name), other})
		at := len(c.scope) - 1
		if !c.arguments(n, list[i+1:i+2]) {
			return false
		}
		c.scope[at].typ = n.args[len(n.args)-1].typ
	}
	c.vars = max(c.vars, len(c.scope))
	if !c.arguments(n, list[len(list)-1:]) {
		return false
	}
	n.typ = n.args[len(n.args)-1].typ
	return true
}

// isName reports whether a variable may be called so.
func isName(name []byte) bool {
	for i, b := range name {
		letter := b == '_' || b|0x20 >= 'a' && b|0x20 <= 'z'
		if !letter && (i == 0 || b < '0' || b > '9') {
			return false
		}
	}
	return len(name) > 0
}

// call builds an operation on what its last argument yields.
func (c *compiler) call(n *node, list [][]byte) bool {
	if len(list) != 4 {
		return false
	}
	typ, ok := typeOf(list[0])
	system, numbered := numberOf(list[1])
	if !ok || !numbered {
		return false
	}
	parsed, r := cdt.ParseCall(list[2])
	if r != wire.OK {
		return false
	}
	k := &call{system: system &^ callModifies, modifies: system&callModifies != 0, code: parsed.Code, context: parsed.Context}
	for _, a := range parsed.Args {
		if item, _, _ := msgpack.Next(a); item.Kind != msgpack.List {
			k.args = append(k.args, a)
			continue
		}
		k.args = append(k.args, nil)
		if !c.arguments(n, [][]byte{a}) {
			return false
		}
	}
	if !c.arguments(n, list[3:]) {
		return false
	}
	n.call, n.typ = k, typ
	of := n.args[len(n.args)-1].typ
	switch {
	case of == Nil:
		return k.system <= callHLL
	case k.system == callCollections:
		return of == List || of == Map
	case k.system == callBits:
		return of == Blob
	}
	return k.system == callHLL && of == HLL
}
