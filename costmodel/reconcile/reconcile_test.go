package reconcile

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crossover/costmodel/units"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

func parse(t testing.TB, operations, more string) *workload.Scenario {
	t.Helper()
	sc, err := workload.Parse("test.yaml", []byte(fmt.Sprintf(`version: 1
name: reconcile-test
dataset: {items: 1000, key: {sort: {per_partition: 10}}, size: {uniform: {min: 300B, max: 9KiB}}}
workload:
  keys: {zipfian: {theta: 0.99}}
  operations: %s
%s
  arrival: {closed: {workers: 1}}
  phases: [{name: all, operations: 3000}]
`, operations, more)))
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// A faked run's sums, by kind.
type faked map[op.Kind]*results.Interval

// fake performs the stream's first n operations on a table that has every item, by the rules.
func fake(sc *workload.Scenario, n uint64) faked {
	stream, out := workload.NewStream(sc), faked{}
	var o op.Op
	for i := range n {
		stream.At(i, &o)
		line := out[o.Kind]
		if line == nil {
			line = &results.Interval{Kind: o.Kind.String(), Length: 1, Recorded: true, Done: map[string]uint64{}}
			out[o.Kind] = line
		}
		line.Offered++
		line.Sent++
		line.Attempts++
		line.Done["ok"]++
		size := sc.ItemSize(o.Item)
		switch o.Kind {
		case op.Read:
			line.ReadUnits += units.Read(size, units.Eventual)
		case op.ReadModifyWrite:
			line.Attempts++
			line.ReadUnits += units.Read(size, units.Eventual)
			line.WriteUnits += units.Write(size, false)
		case op.Query:
			var bytes uint64
			for k := range uint64(5) {
				bytes += sc.ItemSize((o.Item + k) % sc.Dataset.Items)
			}
			line.BytesIn += bytes
			line.ReadUnits += units.Page(bytes, units.Eventual)
		default:
			line.WriteUnits += units.Write(size, false)
		}
	}
	return out
}

// run writes a run directory and opens it.
func (f faked) run(t testing.TB, kind string) *results.Run {
	t.Helper()
	dir := t.TempDir() + "/run"
	w, err := results.Create(dir, results.Manifest{Started: time.Unix(1_800_000_000, 0), Target: results.TargetInfo{Name: "d", Driver: "dynamodb", Kind: kind}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var lines []results.Interval
	for k := range op.KindCount {
		if f[k] != nil {
			lines = append(lines, *f[k])
		}
	}
	if err := w.Intervals(lines); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const mixed = "{read: 40%, update: 20%, insert: 5%, delete: 5%, read_modify_write: 20%, query: 10%}"

// verdicts lists what each row found.
func verdicts(u *results.UnitsCheck) map[string]string {
	out := map[string]string{}
	for _, r := range u.Rows {
		out[r.Operation+" "+r.Units] = r.Verdict
	}
	return out
}

// Units that follow the rules agree, to the unit where nothing is left open.
func TestAgrees(t *testing.T) {
	sc := parse(t, mixed, "")
	check := Check(sc, fake(sc, 3000).run(t, "real"))
	want := map[string]string{
		"read read": "agree", "update write": "agree", "insert write": "agree", "delete write": "agree",
		"read_modify_write read": "agree", "read_modify_write write": "agree", "query read": "agree",
	}
	if diff := cmp.Diff(want, verdicts(check)); diff != "" {
		t.Error(diff)
	}
	for _, r := range check.Rows {
		exact := r.Operation != "delete" && r.Operation != "query"
		if exact && (math.Abs(r.Seen-r.Least) > 1e-6 || r.Least != r.Most || r.Allowed != Tolerance) {
			t.Errorf("%+v", r)
		}
	}
	if check.Sampled != 3000 || check.Of != 3000 || check.Note != "" || check.Tolerance != Tolerance || len(check.Differing()) != 0 {
		t.Errorf("%+v", check)
	}
	if check := Check(sc, fake(sc, 3000).run(t, "embedded")); !strings.Contains(check.Note, "nothing of AWS") {
		t.Errorf("note %q", check.Note)
	}
}

// A service that counted by another rule is found out, kind by kind.
func TestDiffers(t *testing.T) {
	sc := parse(t, mixed, "")
	for name, c := range map[string]struct {
		change func(f faked)
		want   string
	}{
		"strong reads":             {func(f faked) { f[op.Read].ReadUnits *= 2 }, "read read"},
		"a percent more":           {func(f faked) { f[op.Read].ReadUnits *= 1.01 }, "read read"},
		"a percent less":           {func(f faked) { f[op.Update].WriteUnits *= 0.99 }, "update write"},
		"transactional":            {func(f faked) { f[op.ReadModifyWrite].WriteUnits *= 2 }, "read_modify_write write"},
		"nothing for deletes":      {func(f faked) { f[op.Delete].WriteUnits = 0 }, "delete write"},
		"each item by itself":      {func(f faked) { f[op.Query].ReadUnits *= 1.5 }, "query read"},
		"less than was read":       {func(f faked) { f[op.Query].ReadUnits *= 0.8 }, "query read"},
		"one of many not reported": {func(f faked) { f[op.Insert].WriteUnits -= 9 }, "insert write"},
	} {
		f := fake(sc, 3000)
		c.change(f)
		check := Check(sc, f.run(t, "real"))
		rows := check.Differing()
		if len(rows) != 1 || rows[0].Operation+" "+rows[0].Units != c.want || rows[0].Off <= Tolerance {
			t.Errorf("%s: %v differ, want %s", name, rows, c.want)
		}
	}
}

// What became of the operations is taken into account: what found nothing costs the least unit,
// what a condition refused reports none, what was refused may have read before.
func TestOutcomesCount(t *testing.T) {
	sc := parse(t, "{read: 50%, read_modify_write: 50%}", "  write: {condition: version}")
	f := fake(sc, 3000)
	read, modify := f[op.Read], f[op.ReadModifyWrite]
	mean := func(units float64, line *results.Interval) float64 { return units / float64(line.Offered) }
	perRead, perModifyRead, perWrite := mean(read.ReadUnits, read), mean(modify.ReadUnits, modify), mean(modify.WriteUnits, modify)
	read.Done = map[string]uint64{"ok": read.Offered - 100, "not_found": 60, "throttled": 30, "dropped": 10}
	read.ReadUnits += -100*perRead + 60*0.5
	modify.Done = map[string]uint64{"ok": modify.Offered - 300, "condition_failed": 200, "throttled": 100}
	modify.WriteUnits -= 300 * perWrite
	modify.ReadUnits -= 50 * perModifyRead // of those throttled, half had read
	check := Check(sc, f.run(t, "real"))
	for _, r := range check.Rows {
		if r.Verdict != results.UnitsAgree || r.Off != 0 && r.Operation != "read" && r.Units != "write" {
			t.Errorf("%+v", r)
		}
	}
	modify.ReadUnits -= 300 * perModifyRead
	if rows := Check(sc, f.run(t, "real")).Differing(); len(rows) != 1 || rows[0].Units != "read" {
		t.Errorf("reads that are missing: %v", rows)
	}
}

// A long run's stream is looked at in part, with room for what that leaves open.
func TestSamples(t *testing.T) {
	sc := parse(t, "{read: 70%, update: 30%}", "")
	f := fake(sc, 3000)
	for _, line := range f { // as if the run had been 500 times as long
		line.Offered, line.Attempts, line.ReadUnits, line.WriteUnits = 500*line.Offered, 500*line.Attempts, 500*line.ReadUnits, 500*line.WriteUnits
		line.Done["ok"] *= 500
	}
	check := Check(sc, f.run(t, "real"))
	if check.Of != 1_500_000 || check.Sampled >= check.Of || check.Sampled > maxSampled {
		t.Errorf("%d of %d", check.Sampled, check.Of)
	}
	for _, r := range check.Rows {
		if r.Allowed <= Tolerance || r.Allowed > 0.02 {
			t.Errorf("%+v", r)
		}
	}
	f[op.Read].ReadUnits *= 1.2
	if rows := Check(sc, f.run(t, "real")).Differing(); len(rows) != 1 {
		t.Errorf("a fifth more: %v", rows)
	}
}

// Targets that count no units have nothing to compare.
func TestNoUnits(t *testing.T) {
	sc := parse(t, "{read: 100%}", "")
	f := fake(sc, 10)
	f[op.Read].ReadUnits = 0
	if check := Check(sc, f.run(t, "real")); check != nil {
		t.Errorf("%+v", check)
	}
}

// The file says again what was written, and the manifest keeps what it had.
func TestFiles(t *testing.T) {
	sc := parse(t, "{read: 100%}", "")
	run := fake(sc, 100).run(t, "real")
	if u, err := run.Units(); u != nil || err != nil {
		t.Errorf("before: %v, %v", u, err)
	}
	check := Check(sc, run)
	if err := results.WriteUnits(run.Dir, check); err != nil {
		t.Fatal(err)
	}
	m := run.Manifest
	m.Warnings = append(m.Warnings, "w")
	m.Format = [2]int{}
	if err := results.Amend(run.Dir, m); err != nil {
		t.Fatal(err)
	}
	again, err := results.Open(run.Dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := again.Units()
	if err != nil || cmp.Diff(check, got) != "" || again.Manifest.Warnings[0] != "w" || again.Manifest.Target.Name != "d" {
		t.Errorf("%v, %s, %+v", err, cmp.Diff(check, got), again.Manifest)
	}
}
