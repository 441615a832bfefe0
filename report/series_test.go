package report

import (
	"path/filepath"
	"strings"
	"testing"

	"crossover/results"
)

// written returns a run that holds the given lines.
func written(t *testing.T, intervals []results.Interval, heat []results.Heat) *results.Run {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	w, err := results.Create(dir, results.Manifest{Started: began, Target: dynamoDB("embedded")}, nil)
	check(t, err)
	check(t, w.Intervals(intervals))
	check(t, w.Heat(heat))
	check(t, w.Close())
	r, err := results.Open(dir)
	check(t, err)
	return r
}

// A long run's intervals are taken together, and what they count stays the same.
func TestMomentsAreBounded(t *testing.T) {
	var lines []results.Interval
	const seconds = 3600
	for s := range seconds {
		for _, kind := range []string{"read", "update"} {
			lines = append(lines, results.Interval{
				Start: float64(s), Length: 1, Kind: kind, Phase: "steady", Recorded: true, Offered: 10, Sent: 10, Attempts: 12,
				Done:      map[string]uint64{"ok": 7, "not_found": 1, "throttled": 1, "dropped": 1},
				Throttles: map[string]uint64{"X": 2}, Limited: s == 17,
			})
		}
	}
	ms := moments(written(t, lines, nil))
	if len(ms) > mostMoments || len(ms) < mostMoments/2 {
		t.Fatalf("%d moments", len(ms))
	}
	var offered, done, failed, attempts, refused float64
	limited := 0
	for _, m := range ms {
		offered += m.offered * m.length
		done += m.done * m.length
		failed += m.failed * m.length
		attempts += m.attempts * m.length
		refused += m.refused["X"] * m.length
		if m.limited {
			limited++
		}
	}
	for what, pair := range map[string][2]float64{
		"offered": {offered, 2 * 10 * seconds}, "done": {done, 2 * 8 * seconds}, "failed": {failed, 2 * 2 * seconds},
		"attempts": {attempts, 2 * 12 * seconds}, "refused": {refused, 2 * 2 * seconds},
	} {
		if diff := pair[0] - pair[1]; diff > 1e-6 || diff < -1e-6 {
			t.Errorf("%s: %v, want %v", what, pair[0], pair[1])
		}
	}
	if limited != 1 {
		t.Errorf("%d moments are generator-limited", limited)
	}
}

// Heat goes to the column of its time; a refusal for lack of read capacity belongs to the
// reads' map alone, one without a direction to both.
func TestGrid(t *testing.T) {
	heat := []results.Heat{
		{Start: 0, Length: 1, Partition: "cool", WriteUnits: 10, ReadUnits: 5},
		{Start: 0, Length: 1, Partition: "hot", WriteUnits: 900, ReadUnits: 5, Throttles: map[string]uint64{"TableWriteKeyRangeThroughputExceeded": 4}},
		{Start: 1, Length: 1, Partition: "hot", WriteUnits: 1000, ReadUnits: 5, Throttles: map[string]uint64{"TableReadKeyRangeThroughputExceeded": 2}},
		{Start: 2, Length: 1, Partition: "hot", WriteUnits: 800, Throttles: map[string]uint64{"KEY_BUSY": 1}},
		{Start: 2, Length: 1, Key: "7", Ops: 3},
	}
	r := written(t, nil, heat)
	all := places(r)
	if len(all) != 2 || all[0].id != "hot" || all[0].refusals != 7 || all[0].mostWrite != 1000 {
		t.Fatalf("places %+v", all)
	}
	writes, reads := newGrid(r, all, heatKinds[0]), newGrid(r, all, heatKinds[1])
	for _, c := range []struct {
		name string
		got  []float64
		want [3]float64
	}{
		{"writes", writes.value[0], [3]float64{900, 1000, 800}},
		{"reads", reads.value[0], [3]float64{5, 5, 0}},
		{"refused writes", writes.refused[0], [3]float64{4, 0, 1}},
		{"refused reads", reads.refused[0], [3]float64{0, 2, 1}},
		{"cool writes", writes.value[1], [3]float64{10, 0, 0}},
	} {
		if len(c.got) != 3 || [3]float64(c.got) != c.want {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	if writes.top != 1000 || writes.where != "hot" {
		t.Errorf("top %v at %s", writes.top, writes.where)
	}
}

// A table of hundreds of partitions would hide the hot one; a picture of a long run would be
// as long as the run.
func TestManyPartitionsOverHours(t *testing.T) {
	var heat []results.Heat
	for s := range 150 {
		for i := range 100 {
			h := results.Heat{Start: float64(s), Length: 1, Partition: strings.Repeat("p", 30) + string(rune('A'+i)), WriteUnits: float64(i * (1 + s%7))}
			heat = append(heat, h)
		}
	}
	r := written(t, nil, heat)
	all := places(r)
	if rows := placeTable(r, all).Rows; len(rows) != mostPlaces+1 || rows[mostPlaces][0].Text != "84 cooler ones" {
		t.Errorf("%d rows, the last %q", len(rows), rows[len(rows)-1][0].Text)
	}
	pictures, err := heatPictures(r, all)
	check(t, err)
	if len(pictures) != 1 || len(pictures[0].SVG) > 60_000 {
		t.Errorf("%d pictures, the first of %d bytes", len(pictures), len(pictures[0].SVG))
	}
}

// p99 needs 10,000 samples (a hundred beyond it): 9,999 are not enough, in the table, in the
// picture and in words.
func TestPercentilesNeedSamples(t *testing.T) {
	for n, want := range map[int]string{9_999: "not enough samples", 10_000: "1.00 ms"} {
		var counts results.Counts
		for range n {
			counts.Record(1_000_000)
		}
		m := results.NewMerged()
		m.Take(&counts)
		dir := filepath.Join(t.TempDir(), "run")
		w, err := results.Create(dir, results.Manifest{Started: began, Target: dynamoDB("real")}, nil)
		check(t, err)
		check(t, w.Intervals([]results.Interval{{Length: 10, Kind: "read", Recorded: true, Offered: uint64(n)}}))
		for _, measure := range []string{results.Response, results.Service} {
			check(t, w.Latency(0, 1e10, results.Tag("read", measure, true), m))
			check(t, w.Latency(0, 1e10, results.Tag("read", measure, false), m)) // warm-up must not help
		}
		check(t, w.Close())
		r, err := results.Open(dir)
		check(t, err)
		row := percentileRow(r, "read", results.Response, "response time")
		if row[5].Text != want || row[6].Text != "not enough samples" || row[7].Text != "1.00 ms" || row[2].Text != count(uint64(n)) {
			t.Errorf("%d samples: %+v", n, row)
		}
		if has := strings.Contains(saidPercentiles(r, "read", results.Response), "p99 "); has != (n == 10_000) {
			t.Errorf("%d samples: p99 said: %v", n, has)
		}
		for _, pt := range percentilePoints(r, "read", results.Response) {
			if pt.X >= 2 && n < 10_000 {
				t.Errorf("%d samples: drawn to %v nines", n, pt.X)
			}
		}
		list := shortOfSamples([]*results.Run{r}, "read")
		if last := list[len(list)-1].Text; !strings.Contains(last, "p99.9: not enough samples: needs 100,000, about 10") {
			t.Errorf("%d samples: %q", n, last)
		}
	}
}

// An interval may lie in two phases; when each began stands in the events.
func TestPhaseTimes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	w, err := results.Create(dir, results.Manifest{Started: began, Target: dynamoDB("embedded")}, nil)
	check(t, err)
	for _, phase := range []string{"warm-up", "steady"} {
		check(t, w.Intervals([]results.Interval{{
			Length: 4, Kind: "read", Phase: phase, Recorded: phase == "steady", Offered: 60, Sent: 60, Attempts: 60, Done: map[string]uint64{"ok": 60},
		}}))
	}
	phases := func() [][]cell {
		r, err := results.Open(dir)
		check(t, err)
		return phaseTable(r).Rows
	}
	if rows := phases(); rows[1][1].Text != "0.0–4.0 s" {
		t.Errorf("without events: %+v", rows)
	}
	check(t, w.Event(results.Event{At: 0, Name: "phase", Detail: "warm-up"}))
	check(t, w.Event(results.Event{At: 1, Name: "phase", Detail: "steady"}))
	check(t, w.Close())
	rows := phases()
	for i, want := range [][2]string{{"0.0–1.0 s", "60"}, {"1.0–4.0 s", "20"}} {
		if rows[i][1].Text != want[0] || rows[i][3].Text != want[1] {
			t.Errorf("phase %d: %+v, want %v", i, rows[i], want)
		}
	}
}
