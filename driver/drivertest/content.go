package drivertest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crossover/driver"
	"crossover/workload"
	"crossover/workload/mapping"
	"crossover/workload/op"
)

// ownership: what crossover made may be dropped, and nothing else may be touched.
func (s Subject) ownership(t *testing.T) {
	sc := variants[0].scenario(t, mixed)
	t.Run("own", func(t *testing.T) {
		r := s.rig(t, Healthy)
		p := r.open(t, sc, "").(driver.Provisioner)
		r.drop(t, p, sc, -1) // nothing there: harmless
		for range 2 {
			if err := p.Provision(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		r.ready(t, sc, "") // another process finds it, and knows it as crossover's
		if n := r.Count(t, sc); n != items {
			t.Fatalf("%d items, expected %d", n, items)
		}
		r.drop(t, p, sc, -1)
		r.drop(t, p, sc, -1)
	})
	t.Run("foreign", func(t *testing.T) {
		r := s.rig(t, Healthy)
		r.Foreign(t, sc)
		before := r.Count(t, sc)
		d := r.open(t, sc, "")
		p := d.(driver.Provisioner)
		if err := p.Provision(t.Context()); !errors.Is(err, driver.ErrNotOwned) {
			t.Errorf("provisioning what somebody else made gave %v, expected ErrNotOwned", err)
		}
		if before < 1 {
			t.Fatalf("Foreign left %d items: there is nothing to guard", before)
		}
		r.drop(t, p, sc, before)
	})
	t.Run("expendable", func(t *testing.T) {
		r := s.rig(t, Healthy)
		r.Foreign(t, sc)
		settings := s.Place + ": " + mapping.TableName(sc)
		if err := r.open(t, sc, settings).(driver.Provisioner).Provision(t.Context()); !errors.Is(err, driver.ErrNotOwned) {
			t.Errorf("naming a %s without expendable gave %v, expected ErrNotOwned", s.Place, err)
		}
		d := r.ready(t, sc, settings+", expendable: true")
		n := r.Count(t, sc)
		if n < items {
			t.Errorf("%d items after loading %d", n, items)
		}
		r.drop(t, d.(driver.Provisioner), sc, n)
	})
}

// drop drops and checks what is left. Refusing is as good as doing nothing.
func (r *rig) drop(t *testing.T, p driver.Provisioner, sc *workload.Scenario, left int) {
	t.Helper()
	if err := p.Drop(t.Context()); err != nil && !errors.Is(err, driver.ErrNotOwned) {
		t.Errorf("dropping: %v", err)
	}
	if n := r.Count(t, sc); n != left {
		t.Errorf("%d items after Drop, expected %d (-1: no %s)", n, left, r.Place)
	}
}

// loading writes disjoint ranges from several goroutines and reads each item back.
func (s Subject) loading(t *testing.T) {
	for _, v := range []variant{variants[0], variants[3]} {
		t.Run(v.String(), func(t *testing.T) {
			r := s.rig(t, Healthy)
			sc := v.scenario(t, mixed)
			d := r.open(t, sc, "")
			if err := d.(driver.Provisioner).Provision(t.Context()); err != nil {
				t.Fatal(err)
			}
			loader, ok := d.(driver.Loader)
			if !ok {
				t.Fatal("the driver stores items and cannot load them")
			}
			var written atomic.Uint64
			var wg sync.WaitGroup
			for _, part := range [][2]uint64{{0, 7}, {7, 7}, {7, 33}, {33, items}} {
				wg.Go(func() {
					if err := loader.Load(t.Context(), part[0], part[1], func(n uint64) { written.Add(n) }); err != nil {
						t.Errorf("loading [%d, %d): %v", part[0], part[1], err)
					}
				})
			}
			wg.Wait()
			if written.Load() != items || r.Count(t, sc) != items {
				t.Fatalf("%d items reported, %d there, expected %d", written.Load(), r.Count(t, sc), items)
			}
			for item := range uint64(items) {
				r.stored(t, sc, item, loaded(sc, item))
			}
			r.stored(t, sc, items, nil)
		})
	}
}

// stored compares what is stored of an item; nil means that it must not be there.
func (r *rig) stored(t *testing.T, sc *workload.Scenario, item uint64, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, r.Fetch(t, sc, item)); diff != "" {
		t.Fatalf("item %d, want (-) and stored (+):\n%s", item, diff)
	}
}

// operations goes through every kind on a loaded data set, one session, one at a time.
func (s Subject) operations(t *testing.T, v variant) {
	r := s.rig(t, Healthy)
	m := v.maker(t)
	d := r.ready(t, m.sc, "")
	se := session(t, d)
	r.reads(t, se, m)
	r.queries(t, se, m)
	r.scans(t, d, m.sc, m)
	r.writes(t, se, m, v)
	r.modifies(t, se, m)
}

func (r *rig) reads(t *testing.T, se driver.Session, m *maker) {
	t.Helper()
	for _, item := range []uint64{0, 13, items - 1} {
		r.expect(t, se, m.op(t, op.Read, item, 0), want{op.OK, 1, 1, 0, m.sc.ItemSize(item)})
	}
	r.expect(t, se, m.absent(t, op.Read), want{op.NotFound, 1, 0, 0, 0})
}

// queries: the first queryLimit items of a partition key in order, or one item by its key.
func (r *rig) queries(t *testing.T, se driver.Session, m *maker) {
	t.Helper()
	for _, item := range []uint64{0, 13, items - 1} {
		w := want{op.OK, 1, 1, 0, m.sc.ItemSize(item)}
		o := m.op(t, op.Query, item, 0)
		if m.sc.HasSort() {
			w = want{op.OK, 1, queryLimit, 0, 0}
			for sort := range uint64(queryLimit) {
				w.in += m.sc.ItemSize(o.Partition*perPartition + sort)
			}
		}
		r.expect(t, se, o, w)
	}
	if m.sc.HasSort() {
		o := m.op(t, op.Query, 20, 0)
		o.Limit = 1000
		w := want{op.OK, 1, perPartition, 0, 0}
		for item := range uint64(perPartition) {
			w.in += m.sc.ItemSize(20 + item)
		}
		r.expect(t, se, o, w)
	}
	r.expect(t, se, m.absent(t, op.Query), want{op.NotFound, 1, 0, 0, 0})
}

// scans: two sessions, turn by turn, each see every item once before the table begins again.
func (r *rig) scans(t *testing.T, d driver.Driver, sc *workload.Scenario, m *maker) {
	t.Helper()
	type position struct {
		session driver.Session
		items   int
		bytes   uint64
	}
	positions := []*position{{session: session(t, d)}, {session: session(t, d)}}
	whole := uint64(total(sc, func(n uint64) float64 { return float64(n) }))
	for round := range uint64(items) {
		for i, p := range positions {
			if p.items >= items {
				continue
			}
			out := r.do(t, t.Context(), p.session, m.op(t, op.ScanPage, 0, round))
			if out.Class != op.OK || out.Items > scanLimit || out.Items == 0 && out.BytesIn != 0 {
				t.Fatalf("session %d: page of %d items, %d bytes, class %v", i, out.Items, out.BytesIn, out.Class)
			}
			p.items += out.Items
			p.bytes += out.BytesIn
		}
	}
	for i, p := range positions {
		if p.items != items || p.bytes != whole {
			t.Errorf("session %d: pages of %d items and %d bytes in all, expected %d and %d", i, p.items, p.bytes, items, whole)
		}
		again := r.do(t, t.Context(), p.session, m.op(t, op.ScanPage, 0, 0))
		if again.Items == 0 {
			again = r.do(t, t.Context(), p.session, m.op(t, op.ScanPage, 0, 0))
		}
		if again.Class != op.OK || again.Items == 0 {
			t.Errorf("session %d: after the table's end: %d items, class %v", i, again.Items, again.Class)
		}
	}
}

func (r *rig) writes(t *testing.T, se driver.Session, m *maker, v variant) {
	t.Helper()
	refused := v.condition == "existence"
	update := m.op(t, op.Update, 5, 0)
	r.expect(t, se, update, want{op.OK, 1, 1, m.sc.ItemSize(5), 0})
	r.stored(t, m.sc, 5, attributes(m.sc, 5, update.Version, update.Body))

	insert := m.op(t, op.Insert, items+2, 0)
	r.expect(t, se, insert, want{op.OK, 1, 1, m.sc.ItemSize(items + 2), 0})
	r.stored(t, m.sc, items+2, attributes(m.sc, items+2, insert.Version, insert.Body))

	r.expect(t, se, m.op(t, op.Delete, 6, 0), want{op.OK, 1, 1, 0, 0})
	r.stored(t, m.sc, 6, nil)
	gone := r.do(t, t.Context(), se, m.op(t, op.Delete, 6, 1))
	if refused && gone.Class != op.ConditionFailed || !refused && !gone.Class.Success() {
		t.Errorf("deleting an item that is gone, condition %s: %v", v.condition, gone.Class)
	}

	// The next write's condition, if there is one, does not hold.
	again := m.op(t, op.Insert, items+2, 0)
	again.Version++
	late := m.op(t, op.Update, 6, 2)
	if refused {
		r.refused(t, se, again)
		r.stored(t, m.sc, items+2, attributes(m.sc, items+2, insert.Version, insert.Body))
		r.refused(t, se, late)
		r.stored(t, m.sc, 6, nil)
		return
	}
	r.expect(t, se, again, want{op.OK, 1, 1, m.sc.ItemSize(items + 2), 0})
	r.stored(t, m.sc, items+2, attributes(m.sc, items+2, again.Version, again.Body))
	r.expect(t, se, late, want{op.OK, 1, 1, m.sc.ItemSize(6), 0})
	r.stored(t, m.sc, 6, attributes(m.sc, 6, late.Version, late.Body))
}

// refused performs a write whose condition does not hold.
func (r *rig) refused(t *testing.T, se driver.Session, o *op.Op) {
	t.Helper()
	out := r.do(t, t.Context(), se, o)
	if out.Class != op.ConditionFailed || out.Items != 0 || len(out.Attempts) != 1 {
		t.Errorf("%v of item %d: class %v, %d items, %d attempts; expected condition_failed, 0, 1", o.Kind, o.Item, out.Class, out.Items, len(out.Attempts))
	}
}

func (r *rig) modifies(t *testing.T, se driver.Session, m *maker) {
	t.Helper()
	o := m.op(t, op.ReadModifyWrite, 9, 3)
	r.expect(t, se, o, want{op.OK, 2, 2, m.sc.ItemSize(9), m.sc.ItemSize(9)})
	r.stored(t, m.sc, 9, attributes(m.sc, 9, o.Version, o.Body))
	absent := m.absent(t, op.ReadModifyWrite)
	r.expect(t, se, absent, want{op.NotFound, 1, 0, 0, 0})
	r.stored(t, m.sc, absent.Item, nil)
}
