package runner

import (
	"context"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossover/driver/clock"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// A core is a virtual one: whoever works holds it, and it counts how long it was busy and how
// long others waited for it.
type core struct {
	clock clock.Clock
	one   chan struct{} // a mutex, on which virtual time passes

	mu         sync.Mutex
	busy, wait time.Duration
}

// work takes the core for a time.
func (c *core) work(t *testing.T, d time.Duration) {
	asked := c.clock.Now()
	c.one <- struct{}{}
	defer func() { <-c.one }()
	began := c.clock.Now()
	if err := c.clock.SleepUntil(t.Context(), began+d); err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy += d
	c.wait += began - asked
}

func (c *core) usage() usage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return usage{cpu: c.busy, wait: c.wait}
}

// A costlyStream takes the core's time to make each operation, as a generator's own work does.
type costlyStream struct {
	testStream
	t    *testing.T
	core *core
}

func (s costlyStream) At(i uint64, o *op.Op) {
	s.core.work(s.t, time.Millisecond)
	s.testStream.At(i, o)
}

// KindOf is for the pacer, whose own work is no part of this.
func (s costlyStream) KindOf(i uint64) op.Kind { return []op.Kind{op.Read, op.Update}[i%2] }

// runOnOneCore offers a rate to a generator with one core, of which each operation takes 1 ms,
// and to a database that answers after 2 ms, whatever else runs on this machine.
func runOnOneCore(t *testing.T, rate float64) *results.Manifest {
	t.Helper()
	var m *results.Manifest
	synctest.Test(t, func(t *testing.T) {
		k := &core{clock: plainClock{clock.Real()}, one: make(chan struct{}, 1)}
		sc := openScenario(64, phase("steady", 5*time.Second, rate))
		sc.Workload.MaxLateness = time.Second
		c := Config{
			Scenario: sc, Driver: &testDriver{do: stall(0, 0), clock: k.clock}, Clock: k.clock,
			Dir:     filepath.Join(t.TempDir(), "run"),
			monitor: func() *monitor { return monitorOf(k.usage, 1) },
		}
		src := source{
			stream:       func() workload.Stream { return costlyStream{testStream{1000}, t, k} },
			plan:         testPlan{sc.Workload.Phases},
			streamDigest: "stream", textDigest: "text",
		}
		var err error
		if m, err = execute(t.Context(), c.withDefaults(), src); err != nil {
			t.Fatal(err)
		}
	})
	return m
}

// A generator that is offered ten times what its core can send says that it, and not the
// database, set the figures; one that is offered a tenth does not.
func TestStarvedGeneratorSaysSo(t *testing.T) {
	starved := runOnOneCore(t, 10_000).Health
	if !starved.Limited || starved.LimitedShare < 0.9 {
		t.Errorf("ten times too much load passes for healthy: %+v", starved)
	}
	for _, why := range []string{"sends late", "own CPU use", "waited for a core"} {
		if !slices.ContainsFunc(starved.Reasons, func(r string) bool { return strings.Contains(r, why) }) {
			t.Errorf("the reasons lack %q: %q", why, starved.Reasons)
		}
	}
	comfortable := runOnOneCore(t, 100).Health
	if share := comfortable.CPUShare; comfortable.Limited || comfortable.LimitedShare > 0 || share < 0.05 || share > 0.2 {
		t.Errorf("a tenth of its core's work makes it look limited: %+v", comfortable)
	}
}

// A process that used 70% of its cores and waited 22% of the time for them wanted more than it
// got, whichever limit it stays below.
func TestWaitingCountsWithUse(t *testing.T) {
	for _, c := range []struct {
		cpu, wait time.Duration
		limited   bool
	}{{700, 220, true}, {700, 190, false}, {880, 0, false}, {880, 30, true}, {100, 200, false}} {
		var now usage
		m := monitorOf(func() usage { return now }, 1)
		now = usage{cpu: c.cpu * time.Millisecond, wait: c.wait * time.Millisecond}
		if got := m.interval(time.Second, lateBy(time.Microsecond, 1000), true, true); got != c.limited {
			t.Errorf("%v of CPU and %v of waiting in a second: limited %v, want %v", now.cpu, now.wait, got, c.limited)
		}
		if h := m.result(); c.limited && (len(h.Reasons) != 1 || !strings.Contains(h.Reasons[0], "together")) {
			t.Errorf("the reasons are %q", h.Reasons)
		}
	}
}

// runOnOneRealCore offers a rate to this process with one core, in real time, where each operation
// takes so much of the core.
func runOnOneRealCore(t *testing.T, rate float64, each, length time.Duration) *results.Manifest {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	sc := openScenario(2, phase("steady", length, rate))
	sc.Workload.MaxLateness = 100 * time.Millisecond
	busy := func(_ context.Context, c clock.Clock, _ *op.Op, _ *op.Outcome) {
		for until := c.Now() + each; c.Now() < until; {
		}
	}
	m, _, err := start(t.Context(), t, Config{Scenario: sc, Driver: &testDriver{do: busy}, Clock: clock.Real(), Interval: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// In real time too: one core that can send 5,000 operations/s is offered ten times as many, and the
// run says that the generator was its limit. How busy this host is otherwise only makes it worse.
func TestStarvedProcessSaysSo(t *testing.T) {
	h := runOnOneRealCore(t, 50_000, 200*time.Microsecond, time.Second).Health
	if !h.Limited {
		t.Errorf("ten times too much load passes for healthy: %+v", h)
	}
}

// A comfortable load is never blamed on the generator's own use of the CPU. What this host withholds
// from it is rightly told, so that only a run without such a reason must be found healthy.
func TestComfortableProcessIsNotBlamed(t *testing.T) {
	h := runOnOneRealCore(t, 90, 100*time.Microsecond, time.Second).Health
	others := slices.ContainsFunc(h.Reasons, func(r string) bool {
		return strings.Contains(r, "sends late") || strings.Contains(r, "waiting") || strings.Contains(r, "waited") || strings.Contains(r, "collection")
	})
	if h.CPUShare > 0.5 || h.Limited && !others {
		t.Errorf("90 operations/s of 0.1 ms make it look limited: %+v", h)
	}
}
