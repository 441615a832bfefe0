package workload

import (
	"reflect"

	"github.com/invopop/jsonschema"
	"gopkg.in/yaml.v3"

	"crossover/workload/op"
)

// ConditionalUpdateOptions apply to conditional_update.
type ConditionalUpdateOptions struct {
	Condition Condition `yaml:"condition" required:"true" doc:"what must hold of the stored item: exists, not_exists, or {attribute: price, compare: below, value: 500}"`
}

// PartialUpdateOptions apply to partial_update.
type PartialUpdateOptions struct {
	Attributes []string   `yaml:"attributes" required:"true" doc:"attributes that are set; the others stay as they are"`
	Condition  *Condition `yaml:"condition" json:",omitempty" doc:"what must hold of the stored item; write.condition's existence when left out"`
}

// IncrementOptions apply to increment.
type IncrementOptions struct {
	Attribute string     `yaml:"attribute" required:"true" doc:"a number whose values are integers"`
	By        int64      `yaml:"by" default:"1" min:"-1_000_000_000" max:"1_000_000_000" doc:"what is added; not 0"`
	Condition *Condition `yaml:"condition" json:",omitempty" doc:"what must hold of the stored item; write.condition's existence when left out"`
}

// AppendOptions apply to append.
type AppendOptions struct {
	Attribute string     `yaml:"attribute" required:"true" doc:"a list; it grows with each append, and the item with it"`
	Elements  int        `yaml:"elements" default:"1" min:"1" max:"64" doc:"how many elements are appended; at most as many as the attribute's elements"`
	Condition *Condition `yaml:"condition" json:",omitempty" doc:"what must hold of the stored item; write.condition's existence when left out"`
}

// QueryOptions bound a query.
type QueryOptions struct {
	Limit  uint32      `yaml:"limit" default:"100" min:"1" max:"10000" doc:"most items returned"`
	Order  string      `yaml:"order" enum:"forward|reverse" json:",omitempty" doc:"forward (when left out) or reverse: by the sort key"`
	Filter *Comparison `yaml:"filter" json:",omitempty" doc:"only items for which it holds are returned; DynamoDB reads, and charges for, the others too"`
	Pages  uint32      `yaml:"pages" max:"1000" json:",omitempty" doc:"most requests, each a page of up to 1 MB; as many as the limit takes when left out"`
}

// QueryIndexOptions bound a query of a secondary index.
type QueryIndexOptions struct {
	Index  string      `yaml:"index" required:"true" doc:"one of indexes"`
	Limit  uint32      `yaml:"limit" default:"100" min:"1" max:"10000" doc:"most items returned"`
	Order  string      `yaml:"order" enum:"forward|reverse" json:",omitempty" doc:"forward (when left out) or reverse: by the index's sort attribute"`
	Filter *Comparison `yaml:"filter" json:",omitempty" doc:"only items for which it holds are returned; DynamoDB reads, and charges for, the others too"`
	Pages  uint32      `yaml:"pages" max:"1000" json:",omitempty" doc:"most requests, each a page of up to 1 MB; as many as the limit takes when left out"`
}

// ScanOptions bound a scan page.
type ScanOptions struct {
	Limit    uint32      `yaml:"limit" default:"100" min:"1" max:"10000" doc:"most items read for a page"`
	Segments uint32      `yaml:"segments" max:"4096" json:",omitempty" doc:"a parallel scan: the table is read in so many segments, and operations take turns with them; one when left out"`
	Filter   *Comparison `yaml:"filter" json:",omitempty" doc:"only items for which it holds are returned"`
}

// BatchReadOptions apply to batch_read.
type BatchReadOptions struct {
	Items int `yaml:"items" required:"true" min:"1" max:"100" doc:"different items that a batch reads; at most 100, BatchGetItem's limit"`
}

// BatchWriteOptions apply to batch_write.
type BatchWriteOptions struct {
	Items   int     `yaml:"items" required:"true" min:"1" max:"25" doc:"different items that a batch writes; at most 25, BatchWriteItem's limit"`
	Deletes float64 `yaml:"deletes" unit:"share" default:"0%" max:"100%" doc:"share of them that is deleted instead of written whole"`
}

// TransactReadOptions apply to transact_read.
type TransactReadOptions struct {
	Items int `yaml:"items" required:"true" min:"1" max:"100" doc:"different items that a transaction reads; at most 100, TransactGetItems' limit"`
}

// TransactWriteOptions apply to transact_write. Exactly one of Items and Steps is given.
type TransactWriteOptions struct {
	Items int       `yaml:"items" min:"1" max:"100" json:",omitempty" doc:"different items that a transaction writes whole; at most 100, TransactWriteItems' limit"`
	Steps []StepYML `yaml:"steps" json:",omitempty" doc:"instead of items: what is done to each of as many different items as there are steps"`
}

// A StepYML is what a transaction does to one item.
type StepYML struct {
	Do         string     `yaml:"do" required:"true" enum:"put|delete|set|increment|check" doc:"put: write it whole; set: set some attributes; increment: add to a number; check: only hold the condition against it"`
	Attributes []string   `yaml:"attributes" json:",omitempty" doc:"that a set sets"`
	Attribute  string     `yaml:"attribute" json:",omitempty" doc:"that an increment adds to: a number whose values are integers"`
	By         int64      `yaml:"by" min:"-1_000_000_000" max:"1_000_000_000" json:",omitempty" doc:"what an increment adds; not 0"`
	Condition  *Condition `yaml:"condition" json:",omitempty" doc:"what must hold of the stored item; without it the transaction does nothing at all. A check needs one; the others have write.condition's existence when it is left out"`
}

// MarshalJSON writes the shares of the first kinds, and of those behind them as far as there
// are any, so that the digest of a stream does not depend on how many kinds this tool knows.
func (o Operations) MarshalJSON() ([]byte, error) {
	n := len(o)
	for n > int(op.FirstKinds) && o[n-1] == 0 {
		n--
	}
	return marshalShares(o[:n])
}

// kindOptions are where the scenario says more of a kind than its share.
var kindOptions = [op.KindCount]string{
	op.ConditionalUpdate: "conditional_update", op.PartialUpdate: "partial_update", op.Increment: "increment", op.Append: "append",
	op.QueryIndex: "query_index", op.BatchRead: "batch_read", op.BatchWrite: "batch_write",
	op.TransactRead: "transact_read", op.TransactWrite: "transact_write",
}

// hasOptions reports whether the scenario says more of a kind.
func (w *Workload) hasOptions(k op.Kind) bool {
	switch k {
	case op.ConditionalUpdate:
		return w.ConditionalUpdate != nil
	case op.PartialUpdate:
		return w.PartialUpdate != nil
	case op.Increment:
		return w.Increment != nil
	case op.Append:
		return w.Append != nil
	case op.QueryIndex:
		return w.QueryIndex != nil
	case op.BatchRead:
		return w.BatchRead != nil
	case op.BatchWrite:
		return w.BatchWrite != nil
	case op.TransactRead:
		return w.TransactRead != nil
	case op.TransactWrite:
		return w.TransactWrite != nil
	}
	return false
}

// OwnCondition returns the condition that a kind has of its own; nil where it has none.
func (sc *Scenario) OwnCondition(k op.Kind) *Condition { return sc.Workload.conditionOf(k) }

// conditionOf returns the condition that a kind has of its own; nil is none.
func (w *Workload) conditionOf(k op.Kind) *Condition {
	switch {
	case !w.hasOptions(k):
		return nil
	case k == op.ConditionalUpdate:
		return &w.ConditionalUpdate.Condition
	case k == op.PartialUpdate:
		return w.PartialUpdate.Condition
	case k == op.Increment:
		return w.Increment.Condition
	case k == op.Append:
		return w.Append.Condition
	}
	return nil
}

// Condition returns what a write of a kind asks of the stored item.
func (sc *Scenario) Condition(k op.Kind) op.Condition {
	if own := sc.Workload.conditionOf(k); own != nil {
		var unused op.Ask
		return own.set(sc, &unused)
	}
	switch sc.Workload.Write.Condition {
	case "existence":
		switch k {
		case op.Insert:
			return op.MustNotExist
		case op.Update, op.Delete, op.ReadModifyWrite, op.PartialUpdate, op.Increment, op.Append:
			return op.MustExist
		}
	case "version":
		if k == op.ReadModifyWrite {
			return op.VersionUnchanged
		}
	}
	if k == op.Touch {
		return op.MustExist // where there is no item, there is no time to live to renew
	}
	return op.Unconditional
}

// Ask returns what the scenario says of all operations of a kind.
func (sc *Scenario) Ask(k op.Kind) *op.Ask {
	w := &sc.Workload
	var a op.Ask
	if own := w.conditionOf(k); own != nil {
		own.set(sc, &a)
	}
	switch k {
	case op.Read, op.Query, op.ScanPage, op.QueryIndex, op.BatchRead, op.TransactRead:
		a.Project = sc.places(w.Read.Attributes)
	}
	switch {
	case k == op.Query:
		a.Filter, a.Reverse, a.Pages = w.Query.Filter.resolve(sc), w.Query.Order == "reverse", w.Query.Pages
	case k == op.ScanPage:
		a.Filter, a.Segments = w.Scan.Filter.resolve(sc), w.Scan.Segments
	case !w.hasOptions(k):
	case k == op.PartialUpdate:
		a.Attributes = sc.places(w.PartialUpdate.Attributes)
	case k == op.Increment:
		a.Attribute, _ = sc.attribute(w.Increment.Attribute)
		a.Amount = w.Increment.By
	case k == op.Append:
		a.Attribute, _ = sc.attribute(w.Append.Attribute)
		a.Elements = w.Append.Elements
	case k == op.QueryIndex:
		q := w.QueryIndex
		a.Filter, a.Reverse, a.Pages = q.Filter.resolve(sc), q.Order == "reverse", q.Pages
		for i := range sc.Indexes {
			if sc.Indexes[i].Name == q.Index {
				a.On = i
			}
		}
	}
	return &a
}

// Steps returns what a transaction does to each of its items, and under which condition.
func (sc *Scenario) Steps() []op.Part {
	t := sc.Workload.TransactWrite
	if t == nil {
		return nil
	}
	inherited := op.Unconditional
	if sc.Workload.Write.Condition == "existence" {
		inherited = op.MustExist
	}
	out := make([]op.Part, t.Items)
	for i := range out {
		out[i] = op.Part{Step: op.StepPut, Condition: inherited}
	}
	for i := range t.Steps {
		s := &t.Steps[i]
		p, a := op.Part{Condition: inherited}, &op.Ask{}
		for k := range op.StepCount {
			if k.String() == s.Do {
				p.Step = k
			}
		}
		if s.Condition != nil {
			p.Condition = s.Condition.set(sc, a)
		}
		a.Attributes, a.Amount = sc.places(s.Attributes), s.By
		a.Attribute, _ = sc.attribute(s.Attribute)
		p.Ask = a
		out = append(out, p)
	}
	return out
}

// Parts returns how many items an operation of a kind has: 1, or what its batches and
// transactions hold.
func (sc *Scenario) Parts(k op.Kind) int {
	w := &sc.Workload
	switch {
	case !w.hasOptions(k):
	case k == op.BatchRead:
		return w.BatchRead.Items
	case k == op.BatchWrite:
		return w.BatchWrite.Items
	case k == op.TransactRead:
		return w.TransactRead.Items
	case k == op.TransactWrite:
		return max(w.TransactWrite.Items, len(w.TransactWrite.Steps))
	}
	return 1
}

// DecodeYAML reads what is done to a transaction's items.
func (t *TransactWriteOptions) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	type raw TransactWriteOptions
	before := len(d.errs)
	d.structure(n, reflect.ValueOf((*raw)(t)).Elem(), path)
	if len(d.errs) == before && n.Kind == yaml.MappingNode && (t.Items > 0) == (len(t.Steps) > 0) {
		d.fail(n, path, "items and steps both given or neither", "exactly one of items and steps", "")
	}
}

// JSONSchemaExtend asks for exactly one of items and steps.
func (*TransactWriteOptions) JSONSchemaExtend(s *jsonschema.Schema) {
	one := uint64(1)
	s.MinProperties, s.MaxProperties = &one, &one
}
