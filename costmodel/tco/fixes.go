package tco

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"crossover/costmodel"
	"crossover/costmodel/dynamodb"
	"crossover/results/figure"
)

// Fixes are what DynamoDB itself could do about its cost, so that a migration competes with them
// and not with neglect.
type Fixes struct {
	Today string `json:"today"` // offer that the savings are counted from
	Note  string `json:"note"`
	List  []Fix  `json:"list"` // the largest saving first
}

// A Fix is one change on DynamoDB's side.
type Fix struct {
	Name   string        `json:"name"`
	Title  string        `json:"title"`
	Saving figure.Figure `json:"saving"` // USD over the horizon, against today's offer; people apart
	Note   string        `json:"note,omitempty"`
}

// cacheNode, cacheNodes and cacheHit are the cache that is tried where the scenario has none: the
// smallest cluster that the price book has of a current node type, at a share of hits that is
// assumed.
const (
	cacheNode  = "r5.large"
	cacheNodes = 3
	cacheHit   = 0.8
)

// fixes prices what could be changed on DynamoDB, one at a time.
func (m *model) fixes(r *Result) *Fixes {
	name := "dynamodb-" + m.cfg.DynamoDB.Today
	var today *Offer
	for i := range r.Offers {
		if r.Offers[i].Name == name && r.Offers[i].Status == statusPriced {
			today = &r.Offers[i]
		}
	}
	if today == nil {
		return nil
	}
	out := &Fixes{Today: name, List: []Fix{}, Note: "Each by itself, everything else as today; they do not add up. " +
		"A hot key can also be spread over several by a suffix: each then has its own partition's limit, and whoever reads them all pays a request for each; no saving is computed for that."}
	base := costmodel.See(today.TotalHard, "offers/"+today.Name+"/total_hard")
	for i := range r.Offers {
		o := &r.Offers[i]
		if o.System != dynamodb.System || o.Status != statusPriced || o.Name == name || o.TotalHard.Value >= today.TotalHard.Value {
			continue
		}
		f := figure.Derive(cents(today.TotalHard.Value-o.TotalHard.Value), "USD", "today's offer − this one, over the horizon, without people",
			figure.In("today", base), figure.In(o.Name, costmodel.See(o.TotalHard, "offers/"+o.Name+"/total_hard")))
		out.List = append(out.List, Fix{Name: o.Name, Title: "change to " + o.Title, Saving: f})
	}
	m.cacheFix(out, today, base)
	m.indexFix(out, today, base)
	slices.SortStableFunc(out.List, func(a, b Fix) int { return cmp.Compare(b.Saving.Value, a.Saving.Value) })
	return out
}

// hardOf is what an offer costs without people under a changed configuration.
func (m *model) hardOf(name string, change func(*costmodel.Config, *costmodel.Table)) (float64, bool) {
	c := *m.cfg
	p := m.portfolio(&c, 1)
	change(&c, &p.Tables[0])
	for _, o := range dynamodb.Offers(m.book) {
		if o.Name() == name {
			_, hard, ok := o.Sums(p)
			return sum(hard).USD(), ok
		}
	}
	return 0, false
}

func (m *model) cacheFix(out *Fixes, today *Offer, base figure.Figure) {
	if m.cfg.DynamoDB.DAX != nil {
		return
	}
	with, ok := m.hardOf(today.Name, func(c *costmodel.Config, _ *costmodel.Table) {
		c.DynamoDB.DAX = &costmodel.DAXConfig{Node: cacheNode, Nodes: cacheNodes, Hit: cacheHit}
	})
	if !ok || with >= today.TotalHard.Value {
		return
	}
	f := figure.Derive(cents(today.TotalHard.Value-with), "USD", "today's offer − the same behind a cache, over the horizon, without people",
		figure.In("today", base), figure.In("behind a cache", figure.New(cents(with), "USD", figure.Assumed, fmt.Sprintf("%d × dax.%s, %.0f %% of read units answered: assumed by this tool", cacheNodes, cacheNode, 100*cacheHit))))
	out.List = append(out.List, Fix{Name: "cache", Title: fmt.Sprintf("a DAX cluster of %d × %s in front that answers %.0f %% of the read units", cacheNodes, cacheNode, 100*cacheHit), Saving: f, Note: "Whether a cluster of that size carries the load, and the share of hits, is assumed; only eventually consistent reads can be answered."})
}

func (m *model) indexFix(out *Fixes, today *Offer, base figure.Figure) {
	if m.base.table.IndexCount == 0 {
		return
	}
	without, ok := m.hardOf(today.Name, func(_ *costmodel.Config, t *costmodel.Table) {
		t.WriteUnits.Value -= t.IndexWrites.Value
		t.IndexWrites, t.IndexCount = figure.Figure{}, 0
	})
	if !ok || without >= today.TotalHard.Value {
		return
	}
	names := make([]string, len(m.sc.Indexes))
	for i := range m.sc.Indexes {
		names[i] = m.sc.Indexes[i].Name
	}
	f := figure.Derive(cents(today.TotalHard.Value-without), "USD", "today's offer − the same without secondary indexes, over the horizon, without people",
		figure.In("today", base), figure.In("without indexes", figure.New(cents(without), "USD", figure.Modelled, "the same offer priced without index writes and index storage")))
	out.List = append(out.List, Fix{Name: "indexes", Title: "what the secondary indexes cost in all (" + strings.Join(names, ", ") + ")", Saving: f, Note: "An upper bound of what fewer or narrower indexes can save; the queries that use them would need another way."})
}
