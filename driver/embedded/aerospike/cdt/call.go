// Package cdt carries out the operations on lists and maps, nested ones too, as a server does:
// the protocol's operation codes, parameters, return types and result codes (server source,
// cdt.c, particle_list.c, particle_map.c; documentation, "List operations", "Map operations").
// It changes no value in place: what it returns is new, or what it was given.
package cdt

import (
	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

// A Call is one operation: its code, its arguments as they are packed, and the way to the list
// or map that it works on, as pairs of a step's type and its argument.
type Call struct {
	Code    int
	Args    [][]byte
	Context [][]byte
}

// contextEval is the code of an operation with a context before it.
const contextEval = 0xff

// ParseCall reads an operation's value. There are two forms: a 16-bit code and then a list of
// arguments, or one list of the code and the arguments.
func ParseCall(b []byte) (Call, wire.Result) {
	if len(b) >= 2 && b[0] == 0 {
		c := Call{Code: int(b[1])}
		if len(b) == 2 {
			return c, wire.OK
		}
		args, ok := listOf(b[2:])
		if !ok {
			return Call{}, wire.ParameterError
		}
		c.Args = args
		return c, wire.OK
	}
	list, ok := listOf(b)
	if !ok || len(list) == 0 {
		return Call{}, wire.ParameterError
	}
	code, ok := unsigned(list[0])
	if !ok {
		return Call{}, wire.ParameterError
	}
	if code != contextEval {
		return Call{Code: int(min(code, noCode)), Args: list[1:]}, wire.OK
	}
	if len(list) != 3 {
		return Call{}, wire.ParameterError
	}
	steps, ok := listOf(list[1])
	if !ok || len(steps) == 0 || len(steps)%2 != 0 || len(steps)/2 > msgpack.MaxDepth {
		return Call{}, wire.ParameterError
	}
	inner, r := ParseCall(list[2])
	if r != wire.OK || inner.Context != nil {
		return Call{}, wire.ParameterError
	}
	inner.Context = steps
	return inner, wire.OK
}

// noCode is a code that no operation has.
const noCode = 1 << 16

// listOf returns the elements of a packed list, which must fill b.
func listOf(b []byte) ([][]byte, bool) {
	item, rest, ok := msgpack.Next(b)
	if !ok || item.Kind != msgpack.List {
		return nil, false
	}
	elements, err := msgpack.Elements(rest, item.Count)
	return elements, err == nil
}

func integer(b []byte) (int64, bool) {
	item, _, ok := msgpack.Next(b)
	if !ok {
		return 0, false
	}
	return item.Int()
}

func unsigned(b []byte) (uint64, bool) {
	v, ok := integer(b)
	return uint64(v), ok && v >= 0
}

// storable reports whether a value may be kept, and returns it as it is kept.
func storable(b []byte) ([]byte, bool) {
	out, err := msgpack.Normalise(nil, b, false)
	return out, err == nil
}

// Modifies reports whether a code is of an operation that changes its list or map; ok is false
// when there is no such operation.
func Modifies(code int) (modifies, ok bool) {
	o, ok := operations[code]
	return o.modifies, ok
}

// IsMap reports whether a code is of an operation on maps.
func IsMap(code int) bool { return code >= mapSetType }

// arguments are an operation's, read.
type arguments struct {
	numbers  [5]int64 // by place; a count that is not given is the largest
	given    [5]bool
	payloads [5][]byte // by place; nil when not given
}

// maxCount stands for a count that is not given.
const maxCount = 1<<32 - 1

// read checks the arguments against what the operation takes.
func (c *Call) read(o operation) (arguments, bool) {
	var a arguments
	for i := range o.params {
		if o.params[i] == 'c' {
			a.numbers[i] = maxCount
		}
	}
	if len(c.Args) < len(o.params)-o.optional || len(c.Args) > len(o.params) {
		return a, false
	}
	for i, arg := range c.Args {
		var ok bool
		a.given[i] = true
		switch o.params[i] {
		case 'i', 'f':
			a.numbers[i], ok = integer(arg)
		case 'c': // it is unsigned, so that a negative one is more than there can be
			if a.numbers[i], ok = integer(arg); a.numbers[i] < 0 {
				a.numbers[i] = maxCount
			}
		case 's':
			a.payloads[i], ok = storable(arg)
		case 'p':
			a.payloads[i], ok = arg, msgpack.Size(arg) == len(arg)
		}
		if !ok {
			return a, false
		}
	}
	return a, true
}

// An Answer is what an operation answers, as a bin holds it; Type is wire.Null for nothing.
type Answer struct {
	Type  uint8
	Value []byte
}

// Read carries out a reading operation on a bin.
func Read(kind uint8, value []byte, c *Call) (Answer, wire.Result) {
	o, ok := operations[c.Code]
	if !ok || o.modifies {
		return Answer{}, wire.ParameterError
	}
	if c.Context != nil {
		if kind != wire.List && kind != wire.Map {
			return Answer{}, wire.ParameterError
		}
		var r wire.Result
		if value, r = c.dig(value); r != wire.OK {
			return Answer{}, r
		}
	} else if kind != wire.List && kind != wire.Map {
		return Answer{}, wire.BinTypeError
	}
	n, ok := parse(value)
	if !ok || n.isMap != IsMap(c.Code) {
		return Answer{}, wire.BinTypeError
	}
	a, ok := c.read(o)
	if !ok {
		return Answer{}, wire.ParameterError
	}
	w := work{node: n, args: a, op: o}
	r := w.read(c.Code)
	return w.answer, r
}

// Modify carries out a changing operation on a bin (kind wire.Null: one that is not there) and
// returns the bin that comes of it, kind wire.Null for none.
func Modify(kind uint8, value []byte, c *Call) (newKind uint8, newValue []byte, answer Answer, r wire.Result) {
	o, ok := operations[c.Code]
	if !ok || !o.modifies {
		return kind, value, Answer{}, wire.ParameterError
	}
	if kind != wire.Null && kind != wire.List && kind != wire.Map {
		if c.Context != nil {
			return kind, value, Answer{}, wire.ParameterError
		}
		return kind, value, Answer{}, wire.BinTypeError
	}
	if kind == wire.Null {
		value = nil
	}
	out, answer, r := c.descend(o, value, 0, false)
	if r != wire.OK || out == nil {
		return kind, value, answer, r
	}
	newKind = wire.List
	if item, _, _ := msgpack.Next(out); item.Kind == msgpack.Map {
		newKind = wire.Map
	}
	return newKind, out, answer, wire.OK
}
