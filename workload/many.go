package workload

import (
	"encoding/json"

	"crossover/workload/keys"
	"crossover/workload/op"
)

// saltDeletes keeps the choice of a batch's deletes apart from what else is drawn.
const saltDeletes = 0x62617463680064

func marshalShares(shares []float64) ([]byte, error) { return json.Marshal(shares) }

// many fills in the items of an operation of several. The first is the operation's own; each
// other one is drawn like it, and an item that the operation has already gives way to the next
// that it has not: databases refuse the same key twice in a request.
func (s *stream) many(i uint64, o *op.Op) {
	n := s.several[o.Kind]
	if cap(o.Parts) < n {
		grown := make([]op.Part, n)
		copy(grown, o.Parts[:cap(o.Parts)])
		o.Parts = grown
	}
	o.Parts = o.Parts[:n]
	from, count := s.choice(i)
	for j := range o.Parts {
		item := o.Item
		if j > 0 {
			for item = s.pick(i); taken(o.Parts[:j], item); {
				if item++; item >= from+count {
					item = from
				}
			}
		}
		s.part(i, j, item, o)
	}
}

// taken reports whether an item is among the parts.
func taken(parts []op.Part, item uint64) bool {
	for j := range parts {
		if parts[j].Item == item {
			return true
		}
	}
	return false
}

// part fills in item j of operation i.
func (s *stream) part(i uint64, j int, item uint64, o *op.Op) {
	p := &o.Parts[j]
	body := p.Body[:0]
	*p = op.Part{}
	switch o.Kind {
	case op.TransactWrite:
		*p = s.steps[j]
	case op.BatchWrite:
		p.Step = op.StepPut
		u := float64(keys.Mix(s.salt^keys.Mix(i^saltDeletes)^uint64(j))>>11) * 0x1p-53
		if u < s.sc.Workload.BatchWrite.Deletes {
			p.Step = op.StepDelete
		}
	}
	p.Item, p.Body = item, body
	p.Partition, p.Sort = s.sc.Place(item)
	switch p.Step {
	case op.StepPut, op.StepSet:
		p.Version = i + 1
		p.Body = s.sc.appendBody(body, item, p.Version, s.sizes)
	case op.StepIncrement:
		p.Version = i + 1
	}
}

// choice returns the items among which operation i chooses: the first, and how many.
func (s *stream) choice(i uint64) (first, count uint64) {
	switch {
	case s.sc.Workload.sliding():
		return s.live(i)
	case s.sc.Workload.Keys.Latest != nil:
		return 0, s.sc.Dataset.Items + s.inserts(i)
	}
	return 0, s.sc.Dataset.Items
}
