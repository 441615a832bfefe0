package expression

import (
	"crossover/driver/embedded/aerospike/bits"
	"crossover/driver/embedded/aerospike/cdt"
	"crossover/driver/embedded/aerospike/hll"
	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

// call carries out an operation on what the last argument yields. One that changes it yields
// what it becomes, and changes no bin.
func (x *evaluation) call(n *node) Value {
	k := n.call
	c := cdt.Call{Code: k.code, Context: k.context, Args: k.args}
	last := len(n.args) - 1
	if last > 0 { // some arguments are expressions
		c.Args = make([][]byte, len(k.args))
		next := 0
		for i, a := range k.args {
			if c.Args[i] = a; a != nil {
				continue
			}
			v := x.eval(n.args[next])
			next++
			var ok bool
			if c.Args[i], ok = v.appendPacked(nil); !ok {
				return unknown
			}
		}
	}
	of := x.eval(n.args[last])
	kind, value, ok := of.Particle()
	if !ok {
		return unknown
	}
	answer, ok := carryOut(k, &c, kind, value)
	if !ok {
		return unknown
	}
	return fromParticle(answer.Type, answer.Value, n.typ)
}

// carryOut carries a call out on a value.
func carryOut(k *call, c *cdt.Call, kind uint8, value []byte) (answer cdt.Answer, ok bool) {
	var r wire.Result
	switch {
	case k.system == callCollections && k.modifies:
		answer.Type, answer.Value, _, r = cdt.Modify(kind, value, c)
	case k.system == callCollections:
		answer, r = cdt.Read(kind, value, c)
	case k.system == callBits && k.modifies:
		answer.Type, answer.Value, r = bits.Modify(kind, value, c)
	case k.system == callBits:
		answer, r = bits.Read(kind, value, c)
	case k.modifies:
		answer.Type, answer.Value, _, r = hll.Modify(kind, value, c)
	default:
		answer, r = hll.Read(kind, value, c)
	}
	return answer, r == wire.OK
}

// An Operation is an expression that an operation reads or writes with, and its flags.
type Operation struct {
	*Expression
	Flags int64
}

// Flags of an operation.
const (
	CreateOnly   = 1
	UpdateOnly   = 2
	AllowDelete  = 4
	PolicyNoFail = 8
	EvalNoFail   = 16
)

// ParseOperation reads an operation's value: a list of an expression and of flags.
func ParseOperation(b []byte, writes bool) (Operation, bool) {
	item, rest, ok := msgpack.Next(b)
	if !ok || item.Kind != msgpack.List || item.Count < 1 || item.Count > 2 {
		return Operation{}, false
	}
	list, err := msgpack.Elements(rest, item.Count)
	if err != nil {
		return Operation{}, false
	}
	var o Operation
	if len(list) == 2 {
		if o.Flags, ok = numberOf(list[1]); !ok {
			return Operation{}, false
		}
	}
	allowed := int64(EvalNoFail)
	if writes {
		allowed = CreateOnly | UpdateOnly | AllowDelete | PolicyNoFail | EvalNoFail
	}
	if o.Flags&^allowed != 0 || o.Flags&(CreateOnly|UpdateOnly) == CreateOnly|UpdateOnly {
		return Operation{}, false
	}
	o.Expression, ok = Compile(list[0])
	return o, ok
}
