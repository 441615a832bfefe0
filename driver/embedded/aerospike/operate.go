package aerospike

import (
	"crossover/driver/embedded/aerospike/cdt"
	"crossover/driver/embedded/aerospike/wire"
)

// reads reports whether an operation only reads, and knows whether there is such a one.
func reads(code uint8) (reads, known bool) {
	switch code {
	case wire.OpRead, wire.OpCDTRead:
		return true, true
	case wire.OpWrite, wire.OpCDTModify, wire.OpIncr, wire.OpAppend, wire.OpPrepend, wire.OpTouch, wire.OpDelete:
		return false, true
	}
	return false, false
}

// readInside carries out an operation that reads inside of a bin's value, wire.Null for a bin
// that is not there, of which nothing is answered.
func readInside(op *wire.Op, kind uint8, value []byte) (cdt.Answer, wire.Result) {
	if kind == wire.Null {
		return cdt.Answer{}, wire.OK
	}
	switch op.Code {
	case wire.OpCDTRead:
		call, r := cdt.ParseCall(op.Value)
		if r != wire.OK {
			return cdt.Answer{}, r
		}
		return cdt.Read(kind, value, &call)
	}
	return cdt.Answer{}, unsupported(op.Code)
}

// readOp appends what a reading operation answers, and returns how many answers that is.
func (b *binSet) readOp(op *wire.Op, p *policies, out []byte) ([]byte, int, wire.Result) {
	var kind uint8
	var value []byte
	if i := b.find(op.Name); i >= 0 {
		kind, value = b.bins[i].Type, b.bins[i].Value
	}
	answer, r := readInside(op, kind, value)
	if r != wire.OK {
		return out, 0, r
	}
	if answer.Type == wire.Null && !p.respondAll {
		return out, 0, wire.OK
	}
	return wire.AppendOp(out, wire.OpRead, answer.Type, op.Name, answer.Value), 1, wire.OK
}

// changeInside carries out an operation that changes a bin's value from inside, and returns
// what it answers.
func (b *binSet) changeInside(op *wire.Op) (answer cdt.Answer, r wire.Result) {
	kind, value := uint8(wire.Null), []byte(nil)
	i := b.find(op.Name)
	if i >= 0 {
		kind, value = b.bins[i].Type, b.bins[i].Value
	}
	switch op.Code {
	case wire.OpCDTModify:
		call, r := cdt.ParseCall(op.Value)
		if r != wire.OK {
			return cdt.Answer{}, r
		}
		if kind, value, answer, r = cdt.Modify(kind, value, &call); r != wire.OK {
			return cdt.Answer{}, r
		}
	}
	switch {
	case kind != wire.Null:
		b.set(op.Name, kind, value)
	case i >= 0:
		b.remove(op.Name)
	}
	return answer, wire.OK
}
