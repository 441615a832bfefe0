package aerospike

import (
	"context"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"

	"crossover/workload"
	"crossover/workload/op"
)

// A change is a request that writes one record, or a part of it, made once and filled before it
// is sent.
type change struct {
	step   op.Step
	policy *as.WritePolicy
	bins   []*as.Bin       // that a put or a set puts
	ops    []*as.Operation // of an operate, in the place of bins
	touch  bool
	absent bool // a check that holds where there is no record

	conditional bool   // a delete that must find its record
	bytes       uint64 // names of the bins that are sent, and what else is the same every time
}

// expected returns the policy of a write of a step on condition.
func (s *session) expected(step op.Step, c op.Condition, compare *op.Comparison) *as.WritePolicy {
	whole := step == op.StepPut
	action := as.UPDATE
	switch {
	case c == op.MustNotExist:
		action = as.CREATE_ONLY
	case c != op.Unconditional && whole:
		action = as.REPLACE_ONLY
	case c != op.Unconditional:
		action = as.UPDATE_ONLY
	case whole:
		action = as.REPLACE
	}
	p := s.c.writePolicy(s.c.cfg.Timeout, action)
	if c == op.Compares {
		p.FilterExpression = expression(compare)
	}
	if ttl := s.c.sc.Workload.Write.TTL; ttl > 0 {
		p.Expiration = uint32(ttl / time.Second)
		if !whole {
			p.Expiration = as.TTLDontUpdate // what is not written whole keeps its end, as on DynamoDB
		}
	}
	return p
}

// expression returns a comparison as a filter expression. A bin that is missing makes it
// unknown, which does not hold.
func expression(c *op.Comparison) *as.Expression {
	left, right := as.ExpIntBin(c.Attribute), as.ExpIntVal(c.Number)
	if c.IsText {
		left, right = as.ExpStringBin(c.Attribute), as.ExpStringVal(c.Text)
	}
	switch c.Relation {
	case op.Equal:
		return as.ExpEq(left, right)
	case op.NotEqual:
		return as.ExpNotEq(left, right)
	case op.Below:
		return as.ExpLess(left, right)
	case op.AtMost:
		return as.ExpLessEq(left, right)
	case op.AtLeast:
		return as.ExpGreaterEq(left, right)
	}
	return as.ExpGreater(left, right)
}

// newChange makes the request of a step, its values held by the session's record.
func (s *session) newChange(step op.Step, c op.Condition, ask *op.Ask) *change {
	ch := &change{step: step, policy: s.expected(step, c, ask.Compare)}
	version := s.record.bins[s.record.body-1]
	switch step {
	case op.StepPut:
		ch.bins = s.record.bins
	case op.StepSet:
		ch.bins = []*as.Bin{version}
		for _, i := range ask.Attributes {
			ch.bins = append(ch.bins, s.record.bin(s.c.sc.AttributeName(i)))
		}
	case op.StepIncrement:
		name := s.c.sc.AttributeName(ask.Attribute)
		ch.ops = []*as.Operation{as.AddOp(as.NewBin(name, ask.Amount)), as.PutOp(version)}
		ch.bytes = uint64(len(name) + numberBytes + len(version.Name) + workload.VersionLen)
	}
	return ch
}

// newAppend makes the request that appends the first elements of the record's list.
func (s *session) newAppend(c op.Condition, ask *op.Ask) *change {
	name := s.c.sc.AttributeName(ask.Attribute)
	version := s.record.bins[s.record.body-1]
	list, _ := s.record.bin(name).Value.(as.ListValue) // the scenario was checked
	return &change{
		step: op.StepSet, policy: s.expected(op.StepSet, c, ask.Compare),
		ops:   []*as.Operation{as.ListAppendOp(name, list[:ask.Elements]...), as.PutOp(version)},
		bytes: uint64(len(name) + len(version.Name) + workload.VersionLen),
	}
}

// newTouch makes the request that renews a record's time to live.
func (s *session) newTouch() *change {
	p := s.c.writePolicy(s.c.cfg.Timeout, as.UPDATE_ONLY)
	if ttl := s.c.sc.Workload.Write.TTL; ttl > 0 {
		p.Expiration = uint32(ttl / time.Second)
	}
	return &change{step: op.StepSet, policy: p, touch: true}
}

// bin returns the record's bin of a name.
func (r *record) bin(name string) *as.Bin {
	for _, b := range r.bins {
		if b.Name == name {
			return b
		}
	}
	return nil
}

// changeOf returns the request of a kind that changes a part of one record.
func (s *session) changeOf(k op.Kind) *change {
	if s.changes[k] == nil {
		c, ask := s.c.sc.Condition(k), s.c.sc.Ask(k)
		switch k {
		case op.ConditionalUpdate:
			s.changes[k] = s.newChange(op.StepPut, c, ask)
		case op.PartialUpdate:
			s.changes[k] = s.newChange(op.StepSet, c, ask)
		case op.Increment:
			s.changes[k] = s.newChange(op.StepIncrement, c, ask)
		case op.Append:
			s.changes[k] = s.newAppend(c, ask)
		case op.Touch:
			s.changes[k] = s.newTouch()
		}
	}
	return s.changes[k]
}

// changeRecord changes the operation's record.
func (s *session) changeRecord(ctx context.Context, o *op.Op, out *op.Outcome) {
	s.change = s.changeOf(o.Kind)
	s.record.address(o.Partition, o.Sort)
	s.send1(ctx, o.Version, o.Body, out)
	if out.Class == op.OK && o.Kind == op.Append {
		out.BytesOut += s.record.listBytes(s.c.sc.AttributeName(o.Asked().Attribute), o.Asked().Elements)
	}
}

// send1 fills and sends the change that is under way, of the record that is addressed.
func (s *session) send1(ctx context.Context, version uint64, body []byte, out *op.Outcome) {
	if len(body) > 0 {
		s.record.fill(version, body)
	} else {
		s.record.number(version)
	}
	out.Partition = s.record.key.PartitionId()
	s.request(ctx, callChange, out)
	if out.Class == op.OK {
		out.Items++
		out.BytesOut += s.change.sent()
	}
}

// sent returns how many bytes of the item a change sends, names and values.
func (ch *change) sent() uint64 {
	n := ch.bytes
	for _, b := range ch.bins {
		n += uint64(len(b.Name) + heldBytes(b.Value))
	}
	return n
}

// heldBytes returns what a value to be written carries: as valueBytes of what is read.
func heldBytes(v as.Value) int {
	switch v := v.(type) {
	case *as.StringValue:
		return len(*v)
	case *as.BytesValue:
		return len(*v)
	case *as.BoolValue:
		return 1
	case as.ListValue:
		n := 0
		for _, e := range v {
			n += heldBytes(e.(as.Value))
		}
		return n
	case as.MapValue:
		n := 0
		for k, e := range v {
			n += valueBytes(k) + heldBytes(e.(as.Value))
		}
		return n
	}
	return numberBytes
}

// listBytes returns what the first elements of a list carry.
func (r *record) listBytes(name string, elements int) (n uint64) {
	list, _ := r.bin(name).Value.(as.ListValue)
	for _, e := range list[:min(elements, len(list))] {
		n += uint64(heldBytes(e.(as.Value)))
	}
	return n
}

// number sets the version's bin alone.
func (r *record) number(version uint64) {
	r.version = workload.AppendVersion(r.version[:0], version)
	r.values[r.body-1] = view(r.version)
}

// perform sends the change once.
func (ch *change) perform(client *as.Client, key *as.Key) as.Error {
	switch {
	case ch.touch:
		return client.Touch(ch.policy, key)
	case ch.step == op.StepDelete:
		existed, err := client.Delete(ch.policy, key)
		if err == nil && !existed {
			return missing
		}
		return err
	case ch.step == op.StepCheck:
		there, err := client.Exists(&ch.policy.BasePolicy, key)
		switch {
		case err == nil && there && ch.absent:
			return present
		case err == nil && !there && !ch.absent:
			return missing
		}
		return err
	case len(ch.ops) > 0:
		_, err := client.Operate(ch.policy, key, ch.ops...)
		return err
	}
	return client.PutBins(ch.policy, key, ch.bins...)
}

// missing and present are what a server answers where a write must find a record and there is
// none, and where it must find none and there is one.
var (
	missing = &as.AerospikeError{ResultCode: types.KEY_NOT_FOUND_ERROR}
	present = &as.AerospikeError{ResultCode: types.KEY_EXISTS_ERROR}
)

// unconditional reports whether what finds no record is answered, not refused.
func (ch *change) unconditional() bool { return ch.step == op.StepDelete && !ch.conditional }
