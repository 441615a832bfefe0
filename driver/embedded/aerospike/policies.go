package aerospike

import (
	"crossover/driver/embedded/aerospike/store"
	"crossover/driver/embedded/aerospike/wire"
)

// policies are what a write's flags and operations ask for together (server source, write.c:
// which may be mixed, and what is refused).
type policies struct {
	mustExist  bool // do not create
	mustCreate bool // do not update
	replace    bool // forget the bins that are there
	respondAll bool // answer every operation
	readAll    bool // answer all bins
}

func policiesOf(m *wire.Message) (policies, wire.Result) {
	p := policies{
		mustExist:  m.Info3&(wire.Info3UpdateOnly|wire.Info3ReplaceOnly) != 0,
		mustCreate: m.Info2&wire.Info2CreateOnly != 0,
		replace:    m.Info3&(wire.Info3CreateOrReplace|wire.Info3ReplaceOnly) != 0,
		respondAll: m.Info2&wire.Info2RespondAllOps != 0,
		readAll:    m.Info1&wire.Info1GetAll != 0,
	}
	if m.Ops == 0 || m.Ops > maxOps {
		return p, wire.ParameterError
	}
	var op wire.Op
	all, reads, answers := 0, false, false
	for ops := m.Operations(); ops.Next(&op); {
		if op.Code == wire.OpTouch {
			p.mustExist = true
			if p.replace {
				return p, wire.ParameterError
			}
			continue
		}
		if len(op.Name) > wire.MaxBinName {
			return p, wire.BinNameError
		}
		switch op.Code {
		case wire.OpWrite:
			if op.Type == wire.Null && p.replace {
				return p, wire.ParameterError
			}
		case wire.OpIncr, wire.OpAppend, wire.OpPrepend, wire.OpDelete:
			if p.replace {
				return p, wire.ParameterError
			}
		case wire.OpCDTModify, wire.OpExpModify, wire.OpBitModify, wire.OpHLLModify:
		case wire.OpCDTRead, wire.OpExpRead, wire.OpBitRead, wire.OpHLLRead:
			reads, answers = true, true
		case wire.OpRead:
			reads = true
			if p.readAll && len(op.Name) == 0 {
				all++
			} else {
				answers = true
			}
		default:
			return p, wire.ParameterError
		}
	}
	switch {
	case reads && m.Info1&wire.Info1Read == 0,
		all > 1, all == 1 && (answers || p.respondAll),
		p.readAll && all == 0:
		return p, wire.ParameterError
	}
	return p, wire.OK
}

// check compares the policies with the record that is there, in the server's order.
func (p *policies) check(m *wire.Message, txn *store.Txn) wire.Result {
	r := txn.Record
	if r == nil {
		if p.mustExist {
			return wire.NotFound
		}
		if !generationMatches(m, nil) {
			return wire.GenerationError
		}
		return wire.OK
	}
	if p.mustCreate {
		return wire.RecordExists
	}
	if !generationMatches(m, r) {
		return wire.GenerationError
	}
	if set, ok := m.Field(wire.FieldSet); ok && len(set) > 0 && string(set) != txn.SetName() {
		return wire.ParameterError
	}
	if !keyMatches(m, r) {
		return wire.KeyMismatch
	}
	return wire.OK
}
