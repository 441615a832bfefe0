package aerospike

import (
	"crossover/driver/embedded/aerospike/bits"
	"crossover/driver/embedded/aerospike/cdt"
	"crossover/driver/embedded/aerospike/expression"
	"crossover/driver/embedded/aerospike/hll"
	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

// reads reports whether an operation only reads, and knows whether there is such a one.
func reads(code uint8) (reads, known bool) {
	switch code {
	case wire.OpRead, wire.OpCDTRead, wire.OpExpRead, wire.OpBitRead, wire.OpHLLRead:
		return true, true
	case wire.OpWrite, wire.OpCDTModify, wire.OpIncr, wire.OpExpModify, wire.OpAppend, wire.OpPrepend, wire.OpTouch,
		wire.OpBitModify, wire.OpDelete, wire.OpHLLModify:
		return false, true
	}
	return false, false
}

// readInside carries out an operation that reads inside of a bin's value, wire.Null for a bin
// that is not there, of which nothing is answered; or one that evaluates an expression on the
// whole record.
func readInside(op *wire.Op, kind uint8, value []byte, of asker) (cdt.Answer, wire.Result) {
	if op.Code == wire.OpExpRead {
		return readExpression(op, of.subject())
	}
	if kind == wire.Null {
		return cdt.Answer{}, wire.OK
	}
	if op.Code == wire.OpBitRead && op.Type != wire.Blob {
		return cdt.Answer{}, wire.BinTypeError
	}
	call, r := cdt.ParseCall(op.Value)
	if r != wire.OK {
		return cdt.Answer{}, r
	}
	switch op.Code {
	case wire.OpBitRead:
		return bits.Read(kind, value, &call)
	case wire.OpHLLRead:
		return hll.Read(kind, value, &call)
	}
	return cdt.Read(kind, value, &call)
}

func readExpression(op *wire.Op, of *expression.Record) (cdt.Answer, wire.Result) {
	e, ok := expression.ParseOperation(op.Value, false)
	if !ok {
		return cdt.Answer{}, wire.ParameterError
	}
	v := e.Eval(of)
	kind, value, ok := v.Particle()
	if !ok && e.Flags&expression.EvalNoFail == 0 {
		return cdt.Answer{}, wire.NotApplicable
	}
	return cdt.Answer{Type: kind, Value: value}, wire.OK
}

// readOp appends what a reading operation answers, and returns how many answers that is.
func (b *binSet) readOp(op *wire.Op, p *policies, out []byte) ([]byte, int, wire.Result) {
	var kind uint8
	var value []byte
	if i := b.find(op.Name); i >= 0 {
		kind, value = b.bins[i].Type, b.bins[i].Value
	}
	answer, r := readInside(op, kind, value, b.asker)
	if r != wire.OK {
		return out, 0, r
	}
	if answer.Type == wire.Null && !p.respondAll {
		return out, 0, wire.OK
	}
	return wire.AppendOp(out, wire.OpRead, answer.Type, op.Name, answer.Value), 1, wire.OK
}

// changeInside carries out an operation that changes a bin's value from inside, or writes what
// an expression yields, and returns what it answers.
func (b *binSet) changeInside(op *wire.Op) (answer cdt.Answer, r wire.Result) {
	kind, value := uint8(wire.Null), []byte(nil)
	i := b.find(op.Name)
	if i >= 0 {
		kind, value = b.bins[i].Type, b.bins[i].Value
	}
	if op.Code == wire.OpExpModify {
		kind, value, r = b.writeExpression(op, kind, value)
	} else {
		kind, value, answer, r = modifyInside(op, kind, value)
	}
	switch {
	case r != wire.OK:
		return cdt.Answer{}, r
	case kind != wire.Null:
		b.set(op.Name, kind, value)
	case i >= 0:
		b.remove(op.Name)
	}
	return answer, wire.OK
}

func modifyInside(op *wire.Op, kind uint8, value []byte) (uint8, []byte, cdt.Answer, wire.Result) {
	if op.Code == wire.OpBitModify && op.Type != wire.Blob {
		return 0, nil, cdt.Answer{}, wire.BinTypeError
	}
	call, r := cdt.ParseCall(op.Value)
	if r != wire.OK {
		return 0, nil, cdt.Answer{}, r
	}
	switch op.Code {
	case wire.OpBitModify:
		kind, value, r = bits.Modify(kind, value, &call)
		return kind, value, cdt.Answer{}, r
	case wire.OpHLLModify:
		return hll.Modify(kind, value, &call)
	}
	return cdt.Modify(kind, value, &call)
}

// writeExpression returns what a bin becomes that an expression is written to.
func (b *binSet) writeExpression(op *wire.Op, kind uint8, value []byte) (uint8, []byte, wire.Result) {
	e, ok := expression.ParseOperation(op.Value, true)
	if !ok {
		return 0, nil, wire.ParameterError
	}
	denied := func(r wire.Result) (uint8, []byte, wire.Result) {
		if e.Flags&expression.PolicyNoFail != 0 {
			return kind, value, wire.OK
		}
		return 0, nil, r
	}
	switch {
	case kind != wire.Null && e.Flags&expression.CreateOnly != 0:
		return denied(wire.BinExists)
	case kind == wire.Null && e.Flags&expression.UpdateOnly != 0:
		return denied(wire.BinNotFound)
	}
	v := e.Eval(b.asker.subject())
	newKind, newValue, ok := v.Particle()
	if ok && (newKind == wire.List || newKind == wire.Map) {
		var err error
		newValue, err = msgpack.Normalise(nil, newValue, true)
		ok = err == nil
	}
	switch {
	case !ok && e.Flags&expression.EvalNoFail != 0:
		return kind, value, wire.OK
	case !ok:
		return 0, nil, wire.NotApplicable
	case newKind == wire.Null && kind != wire.Null && e.Flags&expression.AllowDelete == 0:
		return denied(wire.NotApplicable)
	}
	return newKind, newValue, wire.OK
}
