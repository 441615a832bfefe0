package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"crossover/results"
)

// shownQuantiles are the columns of the latency table.
var shownQuantiles = []struct {
	name string
	q    float64
}{{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}}

// measures are the rows of the latency table, response time first (docs/fairness.md, rule 13).
var measures = []struct{ tag, title string }{
	{results.Response, "response time"},
	{results.Service, "service time"},
	{results.Failure, "failures, from their send"},
}

// latency shows response time first and service time beside it, from merged histograms, and
// no percentile that the samples can't carry (docs/fairness.md, rule 13).
func latency(d Doc) ([]section, error) {
	if len(d.Runs) == 0 {
		return nil, nil
	}
	s := section{ID: "latency", Title: "Latency"}
	s.Blocks = append(s.Blocks,
		say("Response time runs from the moment an operation was due to its answer, so that time spent "+
			"waiting behind a slow answer counts; in a closed loop it starts when the operation is sent. "+
			"Service time runs from the send. Both are of operations that succeeded; failures stand apart. "+
			"Percentiles come from histograms merged over the run (warm-up left out), and none is shown "+
			"with fewer than 100 samples beyond it."),
		say(runsBasis(d.Runs)))
	for _, kind := range kindsOf(d.Runs) {
		s.Blocks = append(s.Blocks, heading(kindTitle(kind)))
		var row []picture
		for _, m := range measures[:2] {
			p, err := percentilePlot(d.Runs, kind, m.tag, m.title)
			if err != nil {
				return nil, err
			}
			if p != nil {
				row = append(row, *p)
			}
		}
		if len(row) > 0 {
			s.Blocks = append(s.Blocks, block{Pictures: row})
		}
		s.Blocks = append(s.Blocks, block{Table: percentileTable(d.Runs, kind)})
		if short := shortOfSamples(d.Runs, kind); len(short) > 0 {
			s.Blocks = append(s.Blocks, block{List: short})
		}
	}
	if len(s.Blocks) == 2 {
		s.Blocks = append(s.Blocks, say("No operation was recorded."))
	}
	return []section{s}, nil
}

// kindTitle spells an operation kind for people.
func kindTitle(kind string) string {
	s := strings.ReplaceAll(kind, "_", " ")
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func percentileTable(runs []*results.Run, kind string) *tableBlock {
	t := &tableBlock{Caption: kindTitle(kind) + ": percentiles", Head: []string{"target", "time", "samples"}}
	for _, q := range shownQuantiles {
		t.Head = append(t.Head, q.name)
	}
	for _, r := range runs {
		for _, m := range measures {
			if h := r.Histogram(kind, m.tag, true); m.tag != results.Failure || h.TotalCount() > 0 {
				t.Rows = append(t.Rows, percentileRow(r, kind, m.tag, m.title))
			}
		}
	}
	return t
}

func percentileRow(r *results.Run, kind, measure, title string) []cell {
	h := r.Histogram(kind, measure, true)
	n := h.TotalCount()
	row := []cell{plain(runTitle(r)), plain(title), num(count(uint64(n)))}
	for _, q := range shownQuantiles {
		switch {
		case n == 0:
			row = append(row, num(missing))
		case !results.EnoughSamples(n, q.q):
			row = append(row, plain("not enough samples"))
		default:
			row = append(row, seen(r, nanos(h.ValueAtQuantile(100*q.q))))
		}
	}
	return row
}

// shortOfSamples says of each run which percentile of response time its samples don't carry,
// and how long a run would do.
func shortOfSamples(runs []*results.Run, kind string) []text {
	var out []text
	for _, r := range runs {
		n := r.Histogram(kind, results.Response, true).TotalCount()
		for _, q := range shownQuantiles {
			if n > 0 && !results.EnoughSamples(n, q.q) {
				out = append(out, text{Text: fmt.Sprintf("%s, %s: %s.", runTitle(r), q.name, notEnough(r, kind, n, q.q))})
			}
		}
	}
	return out
}

// notEnough says that n samples of a kind don't carry quantile q, and the length of a run at
// the same rate that would give enough.
func notEnough(r *results.Run, kind string, n int64, q float64) string {
	s := "not enough samples: needs " + count(uint64(results.NeededSamples(q)))
	if seconds := recordedSeconds(r, kind); n > 0 && seconds > 0 {
		needed := seconds * float64(results.NeededSamples(q)) / float64(n)
		if needed < math.MaxInt64/float64(time.Second) {
			s += ", about " + lasting(time.Duration(needed*float64(time.Second))) + " at this rate"
		}
	}
	return s
}

// recordedSeconds is how long a kind was recorded, by its intervals.
func recordedSeconds(r *results.Run, kind string) float64 {
	sum := 0.0
	for _, in := range r.Intervals() {
		if in.Kind == kind && in.Recorded && in.Offered > 0 {
			sum += in.Length - in.Paused
		}
	}
	return sum
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
