package expression

import (
	"math"
	"math/bits"

	"crossover/driver/embedded/aerospike/geo"
	"crossover/driver/embedded/aerospike/msgpack"
)

// evaluation is one expression on one record.
type evaluation struct {
	record *Record
	vars   []Value
}

// Eval evaluates the expression on a record.
func (e *Expression) Eval(r *Record) Value {
	x := evaluation{record: r}
	if e.vars > 0 {
		x.vars = make([]Value, e.vars)
	}
	return x.eval(e.root)
}

// Match reports whether a filter lets a record through: it is true, and not unknown.
func (e *Expression) Match(r *Record) bool {
	v := e.Eval(r)
	return v.Type == Bool && !v.Unknown && v.Int != 0
}

func (x *evaluation) eval(n *node) Value {
	switch {
	case n.op == opValue:
		return n.value
	case n.op >= opEQ && n.op <= opLE:
		return x.compare(n)
	case n.op >= opAnd && n.op <= opExclusive:
		return x.logic(n)
	case n.op >= opAdd && n.op <= opToFloat, n.op == opMin, n.op == opMax:
		return x.arithmetic(n)
	case n.op >= opIntAnd && n.op <= opRightScan:
		return x.bits(n)
	case n.op >= opDigestModulo && n.op <= opRecordSize:
		return x.metadata(n)
	}
	switch n.op {
	case opRegex:
		v := x.eval(n.args[0])
		if v.Unknown {
			return unknown
		}
		return boolean(n.regex.Match(v.Bytes))
	case opGeo:
		return x.geo(n)
	case opKey:
		key := x.record.Key
		if len(key) == 0 {
			return unknown
		}
		return fromParticle(key[0], key[1:], n.typ)
	case opBin:
		kind, value := x.record.Bin(n.name)
		return fromParticle(kind, value, n.typ)
	case opBinType:
		kind, _ := x.record.Bin(n.name)
		return integer(int64(kind))
	case opCond:
		return x.cond(n)
	case opVar:
		return x.vars[n.slot]
	case opLet:
		last := len(n.args) - 1
		for i, a := range n.args[:last] {
			x.vars[n.slot+i] = x.eval(a)
		}
		return x.eval(n.args[last])
	case opCall:
		return x.call(n)
	}
	return unknown // opUnknown
}

func (x *evaluation) compare(n *node) Value {
	a := x.eval(n.args[0])
	if a.Unknown {
		return unknown
	}
	b := x.eval(n.args[1])
	if b.Unknown {
		return unknown
	}
	if a.Type == Float && (math.IsNaN(a.Float) || math.IsNaN(b.Float)) {
		return boolean(n.op == opNE)
	}
	order := 0
	switch a.Type {
	case Bool, Int:
		order = cmpOrdered(a.Int, b.Int)
	case Float:
		order = cmpOrdered(a.Float, b.Float)
	case String, Blob:
		order = cmpOrdered(string(a.Bytes), string(b.Bytes))
	case List, Map, other:
		order = msgpack.Compare(a.Bytes, b.Bytes)
	}
	switch n.op {
	case opEQ:
		return boolean(order == 0)
	case opNE:
		return boolean(order != 0)
	case opGT:
		return boolean(order > 0)
	case opGE:
		return boolean(order >= 0)
	case opLT:
		return boolean(order < 0)
	}
	return boolean(order <= 0)
}

func cmpOrdered[T int64 | float64 | string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (x *evaluation) logic(n *node) Value {
	if n.op == opNot {
		v := x.eval(n.args[0])
		if v.Unknown {
			return unknown
		}
		return boolean(v.Int == 0)
	}
	out := boolean(n.op == opAnd)
	for _, a := range n.args {
		v := x.eval(a)
		switch {
		case v.Unknown && n.op == opExclusive:
			return unknown
		case v.Unknown:
			out = unknown // what follows may still decide
		case n.op == opAnd && v.Int == 0, n.op == opOr && v.Int != 0:
			return v
		case n.op == opExclusive && v.Int != 0:
			if out.Int != 0 {
				return boolean(false) // two are true
			}
			out = v
		}
	}
	return out
}

func (x *evaluation) arithmetic(n *node) Value {
	v := x.eval(n.args[0])
	if v.Unknown {
		return unknown
	}
	switch n.op {
	case opAbs:
		v.Int, v.Float = max(v.Int, -v.Int), math.Abs(v.Float)
		return v
	case opFloor:
		v.Float = math.Floor(v.Float)
		return v
	case opCeil:
		v.Float = math.Ceil(v.Float)
		return v
	case opToInt:
		return integer(toInt(v.Float))
	case opToFloat:
		return Value{Type: Float, Float: float64(v.Int)}
	}
	if n.op == opDiv {
		return x.divide(n, v)
	}
	if n.op == opSub && len(n.args) == 1 {
		return Value{Type: v.Type, Int: -v.Int, Float: -v.Float}
	}
	for _, a := range n.args[1:] {
		w := x.eval(a)
		if w.Unknown || n.op == opMod && w.Int == 0 {
			return unknown
		}
		v.Int, v.Float = arithmetic(n.op, v, w)
	}
	return v
}

// toInt cuts a float as C does on amd64 when it fits, and to the nearest when it does not.
func toInt(f float64) int64 {
	switch {
	case math.IsNaN(f):
		return math.MinInt64
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}

func arithmetic(op int, v, w Value) (int64, float64) {
	switch op {
	case opAdd:
		return v.Int + w.Int, v.Float + w.Float
	case opSub:
		return v.Int - w.Int, v.Float - w.Float
	case opMul:
		return v.Int * w.Int, v.Float * w.Float
	case opMin:
		return min(v.Int, w.Int), min(v.Float, w.Float)
	case opMax:
		return max(v.Int, w.Int), max(v.Float, w.Float)
	case opPow:
		return 0, math.Pow(v.Float, w.Float)
	case opLog:
		return 0, math.Log(v.Float) / math.Log(w.Float)
	}
	if w.Int == -1 {
		return 0, 0 // the smallest integer has no counterpart to divide into
	}
	return v.Int % w.Int, 0 // opMod
}

// divide divides the first by the product of the others, or 1 by it when it is alone.
func (x *evaluation) divide(n *node, v Value) Value {
	product := Value{Type: v.Type, Int: 1, Float: 1}
	for _, a := range n.args[1:] {
		w := x.eval(a)
		if w.Unknown {
			return unknown
		}
		product.Int, product.Float = arithmetic(opMul, product, w)
	}
	if len(n.args) == 1 {
		v, product = product, v
	}
	switch {
	case v.Type == Float:
		return Value{Type: Float, Float: v.Float / product.Float}
	case product.Int == 0:
		return unknown
	case product.Int == -1:
		return integer(-v.Int)
	}
	return integer(v.Int / product.Int)
}

func (x *evaluation) bits(n *node) Value {
	v := x.eval(n.args[0])
	if v.Unknown {
		return unknown
	}
	switch n.op {
	case opIntNot:
		return integer(^v.Int)
	case opIntCount:
		return integer(int64(bits.OnesCount64(uint64(v.Int))))
	}
	for _, a := range n.args[1:] {
		w := x.eval(a)
		if w.Unknown {
			return unknown
		}
		v.Int = bitwise(n.op, v.Int, w.Int)
	}
	return v
}

func bitwise(op int, v, w int64) int64 {
	shift := uint64(w) & 63 // as amd64 shifts
	switch op {
	case opIntAnd:
		return v & w
	case opIntOr:
		return v | w
	case opIntXor:
		return v ^ w
	case opLeftShift:
		return v << shift
	case opRightShift:
		return int64(uint64(v) >> shift)
	case opArithShift:
		return v >> shift
	}
	if w == 0 { // a bit that is not set is looked for
		v = ^v
	}
	if v == 0 {
		return -1
	}
	if op == opLeftScan {
		return int64(bits.LeadingZeros64(uint64(v)))
	}
	return int64(63 - bits.TrailingZeros64(uint64(v)))
}

func (x *evaluation) metadata(n *node) Value {
	r := x.record
	switch n.op {
	case opDigestModulo:
		d := r.Digest[len(r.Digest)-4:]
		low := uint32(d[0]) | uint32(d[1])<<8 | uint32(d[2])<<16 | uint32(d[3])<<24
		return integer(int64(low) % n.number)
	case opDeviceSize, opRecordSize:
		return integer(int64(r.Bytes))
	case opMemorySize, opIsTombstone: // the namespace is on devices, and a deleted record is gone
		return Value{Type: n.typ}
	case opLastUpdate:
		return integer((epoch*1000 + int64(r.LastUpdate)) * 1e6)
	case opSinceUpdate:
		return integer(max(0, int64(r.Now)-int64(r.LastUpdate)))
	case opVoidTime:
		if r.VoidTime == 0 {
			return integer(-1)
		}
		return integer((epoch + int64(r.VoidTime)) * 1e9)
	case opTTL:
		if r.VoidTime == 0 {
			return integer(-1)
		}
		return integer(max(0, int64(r.VoidTime)-int64(r.Now/1000)))
	case opSetName:
		return Value{Type: String, Bytes: []byte(r.Set)}
	}
	return boolean(len(r.Key) > 0) // opKeyExists
}

func (x *evaluation) cond(n *node) Value {
	last := len(n.args) - 1
	for i := 0; i < last; i += 2 {
		v := x.eval(n.args[i])
		if v.Unknown {
			return unknown
		}
		if v.Int != 0 {
			return x.eval(n.args[i+1])
		}
	}
	return x.eval(n.args[last])
}

// geo reports whether one of two shapes lies within the other.
func (x *evaluation) geo(n *node) Value {
	var shapes [2]*geo.Shape
	for i, a := range n.args {
		v := x.eval(a)
		if v.Unknown {
			return unknown
		}
		if shapes[i] = a.shape; a.shape != nil {
			continue
		}
		var ok bool
		if shapes[i], ok = geo.Parse(v.Bytes); !ok {
			return unknown
		}
	}
	return boolean(geo.Match(shapes[0], shapes[1]))
}
