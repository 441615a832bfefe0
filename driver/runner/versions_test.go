package runner

import (
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"crossover/workload/op"
)

// A step of a history: a write from sent to acked, or a read.
type historyStep struct {
	write   acknowledged
	how     ending
	pending bool // begun, and not ended
}

func did(version uint64, sent, acked time.Duration) historyStep {
	return historyStep{write: acknowledged{version: version, sent: sent, acked: acked}}
}

func deleted(version uint64, sent, acked time.Duration) historyStep {
	return historyStep{write: acknowledged{version: version, sent: sent, acked: acked, deleted: true}}
}

func (h historyStep) as(how ending) historyStep { h.how = how; return h }

func TestStale(t *testing.T) {
	const item = 7
	pending := historyStep{write: acknowledged{version: 9, sent: 30}, pending: true}
	for _, c := range []struct {
		name    string
		steps   []historyStep
		version uint64
		absent  bool
		sent    time.Duration // of the read
		want    bool
	}{
		{"nothing written", nil, 0, false, 50, false},
		{"the newest", []historyStep{did(3, 10, 20)}, 3, false, 50, false},
		{"loaded, after a write", []historyStep{did(3, 10, 20)}, 0, false, 50, true},
		{"loaded, while the write was under way", []historyStep{did(3, 10, 20)}, 0, false, 15, false},
		{"the one before", []historyStep{did(3, 10, 20), did(5, 30, 40)}, 3, false, 50, true},
		{"the one before, before the newest was acknowledged", []historyStep{did(3, 10, 20), did(5, 30, 40)}, 3, false, 35, false},
		{"writes that overlapped: either order", []historyStep{did(3, 10, 35), did(5, 30, 40)}, 3, false, 50, false},
		{"an unknown version, with everything known", []historyStep{did(3, 10, 20)}, 2, false, 50, true},
		{"an unknown version, while a write is under way", []historyStep{did(3, 10, 20), pending}, 9, false, 50, false},
		{"an unknown version, after one was left unsure", []historyStep{did(3, 10, 20), did(4, 25, 28).as(unsure), did(5, 30, 40)}, 4, false, 50, false},
		{"a refused write changes nothing", []historyStep{did(3, 10, 20), did(5, 30, 40).as(refused)}, 3, false, 50, false},
		{"absent after a write", []historyStep{did(3, 10, 20)}, 0, true, 50, true},
		{"absent after a delete", []historyStep{did(3, 10, 20), deleted(5, 30, 40)}, 0, true, 50, false},
		{"absent, written again since", []historyStep{deleted(3, 10, 20), did(5, 30, 40)}, 0, true, 50, true},
		{"absent, a delete unsure", []historyStep{deleted(3, 10, 20).as(unsure), did(5, 30, 40)}, 0, true, 50, false},
		{"there after a delete", []historyStep{did(3, 10, 20), deleted(5, 30, 40)}, 3, false, 50, true},
		{"absent, a delete overlapped", []historyStep{deleted(3, 10, 35), did(5, 30, 40)}, 0, true, 50, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := new(versions)
			for _, s := range c.steps {
				v.begin(item, s.write.sent)
				if !s.pending {
					v.end(item, s.write, s.how)
				}
			}
			if _, got := v.stale(item, c.version, c.absent, c.sent); got != c.want {
				t.Errorf("stale = %v, want %v", got, c.want)
			}
		})
	}
}

// More writes than are remembered: the forgotten ones still count as old, and one that is not
// known to be forgotten does not.
func TestStaleBeyondWhatIsRemembered(t *testing.T) {
	v := new(versions)
	at := time.Duration(0)
	for version := uint64(1); version <= 3*versionWrites; version++ {
		v.begin(1, at)
		v.end(1, acknowledged{version: version, sent: at, acked: at + 1}, applied)
		at += 2
	}
	for version := uint64(0); version <= 3*versionWrites; version++ {
		newest, stale := v.stale(1, version, false, at)
		if want := version < 3*versionWrites; stale != want || newest != 3*versionWrites {
			t.Errorf("version %d: stale %v against %d, want %v", version, stale, newest, want)
		}
	}
	v.begin(1, at)
	if _, stale := v.stale(1, 1, false, at+1); stale {
		t.Error("a forgotten version is held against a read while a write is under way that might have stored it")
	}
}

// Whatever overlaps, a register that applies each write at some moment between its sending and
// its acknowledgement, and reads at some moment too, is never called stale.
func TestALinearRegisterIsNeverStale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		type event struct {
			at   time.Duration
			what func()
		}
		v := new(versions)
		const item, span = 3, 200
		var events []event
		value, there := uint64(0), true
		writes := 1 + r.IntN(40)
		for k := range writes {
			w := acknowledged{version: uint64(k) + 1, sent: time.Duration(r.IntN(span)), deleted: r.IntN(5) == 0}
			applyAt := w.sent + 1 + time.Duration(r.IntN(20))
			w.acked = applyAt + 1 + time.Duration(r.IntN(20))
			how := applied
			if r.IntN(10) == 0 {
				how = unsure // answered too late for its sender: applied long after it was given up
				applyAt += time.Duration(r.IntN(100))
			}
			events = append(events, event{w.sent, func() { v.begin(item, w.sent) }},
				event{applyAt, func() { value, there = w.version, !w.deleted }},
				event{w.acked, func() { v.end(item, w, how) }})
		}
		for range 40 {
			sent := time.Duration(r.IntN(span + 60))
			readAt := sent + 1 + time.Duration(r.IntN(10))
			var found uint64
			var absent bool
			events = append(events, event{readAt, func() { found, absent = value, !there }},
				event{readAt + 1 + time.Duration(r.IntN(10)), func() {
					if newest, stale := v.stale(item, found, absent, sent); stale {
						t.Fatalf("read sent at %d found version %d (absent: %v): called stale against %d", sent, found, absent, newest)
					}
				}})
		}
		for at := time.Duration(0); at < span+300; at++ {
			for _, e := range events {
				if e.at == at {
					e.what()
				}
			}
		}
	})
}

// The table is as large as is said, takes more items than it holds, and allocates nothing.
func TestVersionsAreBounded(t *testing.T) {
	if size := unsafe.Sizeof(versions{}); size > 11<<20 {
		t.Errorf("%d bytes", size)
	}
	v := new(versions)
	item := uint64(0)
	write := func() {
		item++
		v.begin(item, time.Duration(item))
		v.end(item, acknowledged{version: item, sent: time.Duration(item), acked: time.Duration(item) + 1}, applied)
	}
	if n := testing.AllocsPerRun(4*versionSets*versionWays, write); n != 0 {
		t.Errorf("%v allocations a write", n)
	}
	if _, stale := v.stale(item, 0, false, time.Duration(item)+2); !stale {
		t.Error("the item written last is not known")
	}
	if _, stale := v.stale(1, 0, false, time.Duration(item)+2); stale {
		t.Error("an item that had to make room is held against a read")
	}
	// One that came back is no longer known from its beginning on.
	v.begin(1, time.Duration(item)+3)
	v.end(1, acknowledged{version: 5, sent: time.Duration(item) + 3, acked: time.Duration(item) + 4}, applied)
	if _, stale := v.stale(1, 4, false, time.Duration(item)+9); stale {
		t.Error("a version that may have been forgotten is held against a read")
	}
}

func TestEndingOf(t *testing.T) {
	attempts := func(classes ...op.Class) []op.Attempt {
		var out []op.Attempt
		for _, c := range classes {
			out = append(out, op.Attempt{Class: c})
		}
		return out
	}
	for _, c := range []struct {
		kind     op.Kind
		class    op.Class
		attempts []op.Attempt
		want     ending
	}{
		{op.Update, op.OK, nil, applied},
		{op.Update, op.OK, attempts(op.Throttled, op.OK), applied},
		{op.Update, op.OK, attempts(op.Timeout, op.OK), unsure}, // the first may be applied later than the second
		{op.Update, op.ConditionFailed, attempts(op.ConditionFailed), refused},
		{op.Update, op.ConditionFailed, attempts(op.Failed, op.ConditionFailed), unsure},
		{op.Update, op.Throttled, attempts(op.Throttled), refused},
		{op.Update, op.Timeout, attempts(op.Timeout), unsure},
		{op.ReadModifyWrite, op.NotFound, attempts(op.NotFound), refused},
		{op.Delete, op.NotFound, attempts(op.NotFound), applied},
		{op.Insert, op.Overload, nil, unsure},
	} {
		if got := endingOf(&op.Op{Kind: c.kind}, &op.Outcome{Class: c.class, Attempts: c.attempts}); got != c.want {
			t.Errorf("%v, %v after %v: %d, want %d", c.kind, c.class, c.attempts, got, c.want)
		}
	}
}
