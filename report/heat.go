package report

import (
	"cmp"
	"fmt"
	"slices"

	"crossover/results"
)

// A placeHeat is what one partition or node served over the run.
type placeHeat struct {
	id            string
	reads, writes float64 // units where the service counts them, else operations
	refused       map[string]uint64
	refusals      uint64
}

// places sums a run's heat by partition, hottest first.
func places(r *results.Run) []placeHeat {
	byID := map[string]*placeHeat{}
	for _, h := range r.Heat() {
		if h.Partition == "" {
			continue
		}
		p := byID[h.Partition]
		if p == nil {
			p = &placeHeat{id: h.Partition, refused: map[string]uint64{}}
			byID[h.Partition] = p
		}
		read, write := servedBy(h)
		p.reads += read
		p.writes += write
		for reason, n := range h.Throttles {
			p.refused[reason] += n
			p.refusals += n
		}
	}
	out := make([]placeHeat, 0, len(byID))
	for _, p := range byID {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b placeHeat) int {
		return cmp.Or(cmp.Compare(b.reads+b.writes, a.reads+a.writes), cmp.Compare(b.refusals, a.refusals), cmp.Compare(a.id, b.id))
	})
	return out
}

func servedBy(h results.Heat) (read, write float64) {
	if h.ReadUnits > 0 || h.WriteUnits > 0 {
		return h.ReadUnits, h.WriteUnits
	}
	return float64(h.Reads), float64(h.Writes)
}

// mostPlaces is how many partitions a table shows; a table of hundreds hides the hot one.
const mostPlaces = 16

// heat shows where the load went: by partition or node, and by key.
func heat(d Doc) ([]section, error) {
	s := section{ID: "heat", Title: "Heat by partition, and the hottest keys"}
	for _, r := range d.Runs {
		all := places(r)
		if len(all) > 0 {
			p, err := heatPlot(r, all)
			if err != nil {
				return nil, err
			}
			if p != nil {
				s.Blocks = append(s.Blocks, block{Picture: p})
			}
			s.Blocks = append(s.Blocks, block{Table: placeTable(r, all)})
		}
		if t := keyTable(r); t != nil {
			s.Blocks = append(s.Blocks, block{Table: t})
		}
	}
	if len(s.Blocks) == 0 {
		return nil, nil
	}
	return []section{s}, nil
}

func placeTable(r *results.Run, all []placeHeat) *tableBlock {
	what := "units, as the target's own counters give them"
	if r.Manifest.Target.Driver == "aerospike" {
		what = "operations, as the nodes' own counters give them"
	}
	t := &tableBlock{
		Caption: fmt.Sprintf("%s: load and refusals by partition or node (%s)", runTitle(r), what),
		Head:    []string{"partition or node", "reads", "writes", "share of all", "refused", "reasons"},
	}
	var sum float64
	for _, p := range all {
		sum += p.reads + p.writes
	}
	for i, p := range all {
		if i == mostPlaces {
			t.Rows = append(t.Rows, []cell{plain(fmt.Sprintf("%d cooler ones", len(all)-i)), num(""), num(""), num(""), num(""), plain("")})
			break
		}
		reasons := ""
		for _, k := range sortedKeys(p.refused) {
			if p.refused[k] > 0 {
				reasons += fmt.Sprintf("%s %s; ", k, count(p.refused[k]))
			}
		}
		share := 0.0
		if sum > 0 {
			share = (p.reads + p.writes) / sum
		}
		t.Rows = append(t.Rows, []cell{
			plain(p.id), num(quantity(p.reads)), num(quantity(p.writes)), num(percent(share)), num(count(p.refusals)), plain(trimSemicolon(reasons)),
		})
	}
	return t
}

func trimSemicolon(s string) string {
	if len(s) > 2 {
		return s[:len(s)-2]
	}
	return s
}

// keyTable shows the most popular items that the generator itself counted.
func keyTable(r *results.Run) *tableBlock {
	byKey := map[string]uint64{}
	for _, h := range r.Heat() {
		if h.Key != "" {
			byKey[h.Key] += h.Ops
		}
	}
	if len(byKey) == 0 {
		return nil
	}
	keys := sortedKeys(byKey)
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(byKey[b], byKey[a]) })
	sent := r.Totals().Sent
	t := &tableBlock{Caption: runTitle(r) + ": hottest items, as the generator counted them", Head: []string{"item", "operations", "share of operations sent"}}
	for i, k := range keys {
		if i == 5 {
			break
		}
		share := num("–")
		if sent > 0 {
			share = num(percent(float64(byKey[k]) / float64(sent)))
		}
		t.Rows = append(t.Rows, []cell{plain(k), num(count(byKey[k])), share})
	}
	return t
}
