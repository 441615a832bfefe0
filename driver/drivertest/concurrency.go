package drivertest

import (
	"fmt"
	"sync"
	"testing"

	"crossover/driver"
	"crossover/workload"
	"crossover/workload/mapping"
	"crossover/workload/op"
)

// crowd runs sessions goroutines of n operations of the scenario's stream each, and returns
// the outcomes' tallies.
func (r *rig) crowd(t *testing.T, d driver.Driver, sc *workload.Scenario, sessions, n int) *tally {
	t.Helper()
	sum := new(tally)
	var wg sync.WaitGroup
	for i := range sessions {
		se := session(t, d)
		wg.Go(func() {
			stream, o, out := workload.NewStream(sc), new(op.Op), dirty()
			for k := range n {
				stream.At(uint64(k*sessions+i), o)
				if err := r.into(t.Context(), se, o, out); err != nil {
					t.Errorf("operation %d, %v of item %d: %v", o.Index, o.Kind, o.Item, err)
					return
				}
				sum.add(out)
			}
		})
	}
	wg.Wait()
	return sum
}

// A tally sums outcomes.
type tally struct {
	mu                           sync.Mutex
	classes                      [op.ClassCount]int
	attempts, requests, failures int
	recovered                    int // successes after a failed attempt
	read, write                  float64
	last                         error
}

func (s *tally) add(out *op.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.classes[out.Class]++
	s.requests += out.Requests
	s.attempts += len(out.Attempts)
	failed := 0
	for _, a := range out.Attempts {
		if a.Class > op.ConditionFailed {
			failed++
		}
	}
	s.failures += failed
	if failed > 0 && out.Class.Success() {
		s.recovered++
	}
	s.read += out.ReadUnits
	s.write += out.WriteUnits
	if out.Err != nil {
		s.last = out.Err
	}
}

// answered is how many operations the database answered.
func (s *tally) answered() int {
	return s.classes[op.OK] + s.classes[op.NotFound] + s.classes[op.ConditionFailed]
}

// mixed runs every kind from sessions that share nothing, at the same time.
func (s Subject) mixed(t *testing.T) {
	const sessions, n = 8, 50
	for _, v := range variants {
		t.Run(v.String(), func(t *testing.T) {
			r := s.rig(t, Healthy)
			sc := v.scenario(t, mixed)
			sum := r.crowd(t, r.ready(t, sc, ""), sc, sessions, n)
			if sum.answered() != sessions*n {
				t.Errorf("%d of %d operations were answered: %v, last error %v", sum.answered(), sessions*n, sum.classes, sum.last)
			}
			if sum.classes[op.OK] < sessions*n/2 {
				t.Errorf("classes %v: expected most to be ok", sum.classes)
			}
		})
	}
}

// versions: of the read_modify_writes of one item that overlap, a version condition lets at
// most one through for each version; whoever is last is what is stored.
func (s Subject) versions(t *testing.T) {
	const sessions, n, item = 6, 20, 3
	r := s.rig(t, Healthy)
	v := variant{condition: "version", consistency: "strong"}
	m := v.maker(t)
	d := r.ready(t, m.sc, "")
	var mu sync.Mutex
	stored := map[string]bool{}
	var wg sync.WaitGroup
	for i := range sessions {
		se, mine := session(t, d), v.maker(t)
		wg.Go(func() {
			out := dirty()
			for k := range n {
				o := mine.op(t, op.ReadModifyWrite, item, uint64(i*n+k))
				if err := r.into(t.Context(), se, o, out); err != nil {
					t.Error(err)
					return
				}
				if out.Requests != 2 || out.Class != op.OK && out.Class != op.ConditionFailed {
					t.Errorf("%d requests, class %v, error %v", out.Requests, out.Class, out.Err)
				}
				if out.Class == op.OK {
					mu.Lock()
					stored[string(workload.AppendVersion(nil, o.Version))] = true
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if last := r.Fetch(t, m.sc, item)[workload.AttrVersion]; !stored[last] {
		t.Errorf("version %q is stored, which no successful write wrote", last)
	}
}

// units compares what the database reports with DynamoDB's rules, operation by operation, and
// the driver's meter with their sum.
func (s Subject) units(t *testing.T) {
	for _, v := range []variant{variants[0], variants[3]} {
		t.Run(v.String(), func(t *testing.T) {
			r := s.rig(t, Healthy)
			m, rules := v.maker(t), mapping.New(v.scenario(t, mixed))
			d := r.ready(t, m.sc, "")
			metered, ok := d.(meter)
			if !ok {
				t.Fatal("the database reports units, and the driver does not meter them (runner.Meter)")
			}
			read, write := metered.Consumed()
			loaded := total(m.sc, func(n uint64) float64 {
				_, w, _ := rules.DynamoDBUnits(op.Insert, n)
				return w
			})
			if read != 0 || !near(write, loaded) {
				t.Errorf("loading consumed %s, expected %s", units(read, write), units(0, loaded))
			}
			se := session(t, d)
			for _, kind := range []op.Kind{op.Read, op.Update, op.ReadModifyWrite, op.Delete} {
				out := r.do(t, t.Context(), se, m.op(t, kind, 11, 1))
				wantRead, wantWrite, _ := rules.DynamoDBUnits(kind, m.sc.ItemSize(11))
				if !near(out.ReadUnits, wantRead) || !near(out.WriteUnits, wantWrite) {
					t.Errorf("%v consumed %s, expected %s", kind, units(out.ReadUnits, out.WriteUnits), units(wantRead, wantWrite))
				}
				read, write = read+out.ReadUnits, write+out.WriteUnits
			}
			for _, kind := range []op.Kind{op.Query, op.ScanPage} {
				out := r.do(t, t.Context(), se, m.op(t, kind, 20, 0))
				if out.ReadUnits <= 0 || out.WriteUnits != 0 {
					t.Errorf("%v consumed %s", kind, units(out.ReadUnits, out.WriteUnits))
				}
				read += out.ReadUnits
			}
			if r, w := metered.Consumed(); !near(r, read) || !near(w, write) {
				t.Errorf("the meter says %s, the outcomes sum to %s", units(r, w), units(read, write))
			}
		})
	}
}

// String lists the classes that occurred.
func (s *tally) String() string {
	text := ""
	for c, n := range s.classes {
		if n > 0 {
			text += fmt.Sprintf("%v %d, ", op.Class(c), n)
		}
	}
	return text + fmt.Sprintf("%d requests, %d attempts, %d failed", s.requests, s.attempts, s.failures)
}
