package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"crossover/results"
)

// A placeHeat is what one partition or node served over the run.
type placeHeat struct {
	id                  string
	reads, writes       float64 // units where the target counts them, else operations
	mostRead, mostWrite float64 // the busiest interval's, per second
	busy                float64 // highest share of device time in use
	heat                float64 // the larger of its shares of reads and of writes
	refused             map[string]uint64
	refusals            uint64
}

// places sums a run's heat by partition, hottest first.
func places(r *results.Run) []placeHeat {
	byID := map[string]*placeHeat{}
	reads, writes := 0.0, 0.0
	_, _, usual := sampled(r)
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
		p.reads, p.writes = p.reads+read, p.writes+write
		reads, writes = reads+read, writes+write
		if h.Length > usual/2 { // the rate of a very short sample says little
			p.mostRead, p.mostWrite = max(p.mostRead, read/h.Length), max(p.mostWrite, write/h.Length)
		}
		p.busy = max(p.busy, h.Busy)
		for reason, n := range h.Throttles {
			p.refused[reason] += n
			p.refusals += n
		}
	}
	out := make([]placeHeat, 0, len(byID))
	for _, p := range byID {
		p.heat = max(share(p.reads, reads), share(p.writes, writes))
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b placeHeat) int {
		return cmp.Or(cmp.Compare(b.heat, a.heat), cmp.Compare(b.refusals, a.refusals), cmp.Compare(a.id, b.id))
	})
	return out
}

func share(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return part / whole
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
	if len(d.Runs) == 0 {
		return nil, nil
	}
	s := section{ID: "heat", Title: "Heat by partition, and the hottest keys"}
	for _, r := range d.Runs {
		s.Blocks = append(s.Blocks, heading(runTitle(r)))
		all := places(r)
		row, err := heatPictures(r, all)
		if err != nil {
			return nil, err
		}
		if len(row) > 0 {
			s.Blocks = append(s.Blocks, block{Pictures: row})
		}
		if len(all) > 0 {
			s.Blocks = append(s.Blocks, block{Table: placeTable(r, all)})
		} else {
			s.Blocks = append(s.Blocks, say("The target reported no heat by partition or node (DynamoDB's "+
				"own API has none; CloudWatch Contributor Insights names keys). Refusals and keys are then "+
				"all that shows a hot partition."))
		}
		if t := keyTable(r); t != nil {
			s.Blocks = append(s.Blocks, block{Table: t})
		}
	}
	return []section{s}, nil
}

func placeTable(r *results.Run, all []placeHeat) *tableBlock {
	read, write := unitWords(r)
	t := &tableBlock{
		Caption: runTitle(r) + ": load and refusals by " + placeWord(r) + " over the whole run, warm-up " +
			"included, as the target's own counters give them",
		Head: []string{
			placeWord(r), read, "share", "most " + read + "/s", write, "share", "most " + write + "/s", "refused", "reasons",
		},
	}
	reads, writes, busy := 0.0, 0.0, false
	for _, p := range all {
		reads, writes, busy = reads+p.reads, writes+p.writes, busy || p.busy > 0
	}
	if busy {
		t.Head = append(t.Head, "device busy, at most")
	}
	for i, p := range all {
		if i == mostPlaces {
			row := []cell{plain(fmt.Sprintf("%d cooler ones", len(all)-i))}
			for range t.Head[1:] {
				row = append(row, plain(""))
			}
			t.Rows = append(t.Rows, row)
			break
		}
		var reasons []string
		for _, k := range sortedKeys(p.refused) {
			if p.refused[k] > 0 {
				reasons = append(reasons, k+" "+count(p.refused[k]))
			}
		}
		row := []cell{
			plain(p.id),
			num(whole(p.reads)), num(percent(share(p.reads, reads))), num(whole(p.mostRead)),
			num(whole(p.writes)), num(percent(share(p.writes, writes))), num(whole(p.mostWrite)),
			num(count(p.refusals)), plain(strings.Join(reasons, "; ")),
		}
		if busy {
			row = append(row, num(percent(p.busy)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// whole shows a count that may have halves (units of eventually consistent reads) as a whole
// number from ten on.
func whole(v float64) string {
	if v >= 10 {
		return decimals(v, 0)
	}
	return quantity(v)
}

const (
	mostKeys = 10    // how many of the hottest items are listed
	fewKeys  = 3     // how many are listed however cool they are
	hotShare = 0.001 // of operations sent, which makes an item worth listing
)

// keyTable shows the most popular items that the generator itself counted.
func keyTable(r *results.Run) *tableBlock {
	byKey := map[string]uint64{}
	for _, h := range r.Heat() {
		if h.Key != "" {
			byKey[h.Key] += h.Ops - min(h.OpsError, h.Ops)
		}
	}
	if len(byKey) == 0 {
		return nil
	}
	keys := sortedKeys(byKey)
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(byKey[b], byKey[a]) })
	sent := uint64(0)
	for _, in := range r.Intervals() {
		sent += in.Sent
	}
	t := &tableBlock{
		Caption: runTitle(r) + ": hottest items, counted by the load generator over the intervals in which " +
			"each was among the most asked for",
		Head: []string{"item", "operations, at least", "share of operations sent, at least"},
	}
	for i, k := range keys[:min(mostKeys, len(keys))] {
		if i >= fewKeys && float64(byKey[k]) < hotShare*float64(sent) {
			break // as cool as any other
		}
		part := num(missing)
		if sent > 0 {
			part = num(percent(float64(byKey[k]) / float64(sent)))
		}
		t.Rows = append(t.Rows, []cell{plain(k), num(count(byKey[k])), part})
	}
	return t
}
