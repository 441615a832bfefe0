package report

import (
	"fmt"

	"crossover/results"
)

// shownQuantiles are the columns of the latency table.
var shownQuantiles = []struct {
	name string
	q    float64
}{{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}}

// latency shows response time first and service time beside it, from merged histograms, and
// no percentile that the samples can't carry (docs/fairness.md, rule 13).
func latency(d Doc) ([]section, error) {
	if len(d.Runs) == 0 {
		return nil, nil
	}
	s := section{ID: "latency", Title: "Latency"}
	s.Blocks = append(s.Blocks, say("Response time runs from the moment an operation was due to its answer, so that time spent waiting behind a slow answer counts; in a closed loop it starts when the operation is sent. Service time runs from the send. Both are of operations that succeeded; failures are counted apart."))
	s.Blocks = append(s.Blocks, say(runsBasis(d.Runs)))
	for _, kind := range kindsOf(d.Runs) {
		p, err := percentilePlot(d.Runs, kind)
		if err != nil {
			return nil, err
		}
		if p != nil {
			s.Blocks = append(s.Blocks, block{Picture: p})
		}
	}
	t := &tableBlock{Caption: "Percentiles of successes", Head: []string{"operation", "target", "time", "samples"}}
	for _, q := range shownQuantiles {
		t.Head = append(t.Head, q.name)
	}
	for _, kind := range kindsOf(d.Runs) {
		for _, r := range d.Runs {
			for _, measure := range []string{results.Response, results.Service} {
				t.Rows = append(t.Rows, percentileRow(r, kind, measure))
			}
		}
	}
	s.Blocks = append(s.Blocks, block{Table: t})
	return []section{s}, nil
}

func percentileRow(r *results.Run, kind, measure string) []cell {
	h := r.Histogram(kind, measure, true)
	n := h.TotalCount()
	row := []cell{plain(kind), plain(runTitle(r)), plain(measure), num(count(uint64(n)))}
	for _, q := range shownQuantiles {
		switch {
		case n == 0:
			row = append(row, num("–"))
		case !results.EnoughSamples(n, q.q):
			row = append(row, cell{Text: "not enough samples", Title: fmt.Sprintf("needs %s samples", count(uint64(results.NeededSamples(q.q))))})
		default:
			row = append(row, cell{Text: nanos(h.ValueAtQuantile(100 * q.q)), Number: true, Basis: runBasis(r), Title: r.Manifest.Target.Identity})
		}
	}
	return row
}

// kindsOf returns the operation kinds of all runs, in the order in which they first appear.
func kindsOf(runs []*results.Run) []string {
	var kinds []string
	seen := map[string]bool{}
	for _, r := range runs {
		for _, k := range r.Kinds() {
			if !seen[k] {
				seen[k] = true
				kinds = append(kinds, k)
			}
		}
	}
	return kinds
}
