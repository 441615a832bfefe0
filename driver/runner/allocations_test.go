package runner

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/driver/null"
	"crossover/workload"
)

const allocScenario = `version: 1
name: allocations
seed: 3
dataset:
  items: 10_000
  key: {sort: %s}
  size: %s
  attributes: %s
workload:
  keys: %s
  operations: %s
  read: {verify: %s}
  arrival: %s
  phases: [%s]
  hot: [%s]
  %s
targets: [{name: memory, driver: "null"}]
`

// allocCase is a scenario by its parts; what is left out is the simplest there is.
type allocCase struct{ sort, size, attributes, keys, operations, verify, arrival, phases, hot, more string }

func (a allocCase) parse(t *testing.T) *workload.Scenario {
	t.Helper()
	or := func(s, def string) string {
		if s == "" {
			return def
		}
		return s
	}
	text := fmt.Sprintf(allocScenario, or(a.sort, "none"), or(a.size, "600B"), or(a.attributes, "1"), or(a.keys, "uniform"),
		or(a.operations, "{read: 50%, update: 50%}"), or(a.verify, "0%"), or(a.arrival, "{open: {process: constant}}"),
		or(a.phases, "{name: all, for: 10s, rate: 10000/s}"), a.hot, a.more)
	sc, err := workload.Parse("allocations.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return sc
}

const allocTyped = `
    - {name: id, type: string, value: uuid}
    - {name: at, type: string, value: timestamp}
    - {name: ms, type: number, value: timestamp}
    - {name: status, type: string, value: {enum: [open, paid, packed]}}
    - {name: quantity, type: number, value: {integer: {min: 1, max: 500}}}
    - {name: total, type: number, value: {decimal: {min: -10, max: 2000}}}
    - {name: gift, type: bool}
    - {name: coupon, type: "null"}
    - {name: signature, type: binary, bytes: 64B}
    - {name: comment, type: string, value: text, bytes: 60B}
    - {name: lines, type: list, elements: 4, value: {integer: {min: 10_000, max: 99_999}}}
    - {name: address, type: map, elements: 3, value: text, bytes: 18B}
    - {name: labels, type: string_set, elements: 3, bytes: 6B}
    - {name: depots, type: number_set, elements: 2, value: {integer: {min: 1, max: 40}}}
    - {name: document, type: string}
`

// allocCases are every arrival, every distribution of keys, every kind of operation and items of
// every shape.
var allocCases = map[string]allocCase{
	"constant":     {},
	"poisson":      {arrival: "{open: {process: poisson}}"},
	"bursty":       {arrival: "{open: {process: bursty, bursty: {on: 100ms, off: 300ms}}}"},
	"self-similar": {arrival: "{open: {process: self_similar}}"},
	"trace": {
		keys: "\n    trace:\n      rows: |\n" + manyRows(), operations: "trace",
		arrival: "{open: {process: trace}}", phases: "{name: all, for: 10s}",
	},
	"ramp":     {phases: "{name: all, for: 10s, rate: {from: 5000/s, to: 15000/s}}"},
	"steps":    {phases: "{name: all, for: 10s, rate: {steps: [5000/s, 15000/s, 10000/s]}}"},
	"spike":    {phases: "{name: all, for: 10s, rate: {spike: {base: 9000/s, peak: 30000/s, at: 1s, for: 1s}}}"},
	"diurnal":  {phases: "{name: all, for: 10s, rate: {diurnal: {mean: 10000/s}}}"},
	"by kind":  {phases: "{name: all, for: 10s, rate: {read: 7000/s, update: 3000/s}}"},
	"phases":   {phases: "{name: a, for: 2s, rate: 10000/s, record: false}, {name: b, for: 8s, rate: 10000/s}"},
	"closed":   {arrival: "{closed: {workers: 1}}", phases: "{name: all, operations: 1_000_000}"},
	"thinking": {arrival: "{closed: {workers: 1, think: 1us, think_time: exponential}}", phases: "{name: all, operations: 1_000_000}"},

	"sequential":     {keys: "sequential"},
	"zipfian":        {keys: "{zipfian: {theta: 0.99}}"},
	"like ycsb":      {keys: "{zipfian: {theta: 0.99, like: ycsb}}"},
	"hotspot":        {keys: "{hotspot: {items: 10%, share: 90%}}"},
	"latest":         {keys: "{latest: {}}", operations: "{read: 90%, insert: 10%}"},
	"exponential":    {keys: "{exponential: {items: 10%, share: 95%}}"},
	"skewed":         {keys: "{self_similar: {}}"},
	"moving hotspot": {keys: "{moving_hotspot: {items: 10, share: 50%, every: 1s}}"},
	"histogram":      {keys: "{histogram: {shares: [{key: 7, share: 12%}, {from: 100, to: 199, share: 20%}]}}"},
	"hot":            {hot: "{key: 7, share: 10%}, {key: 8, share: {from: 0%, to: 40%}, from: 1s, to: 3s}, {key: 9, share: 20%, from: 2s, flash: {rise: 1s, half_life: 500ms}}"},

	"sort keys":  {sort: "{per_partition: 10}"},
	"partitions": {sort: `{prefix: "s#", per_partition: {zipfian: {theta: 1, max: 50}}}`},
	"lognormal":  {size: "{lognormal: {median: 1KiB, p99: 4KiB, max: 8KiB}}", attributes: "5"},
	"typed":      {size: "{uniform: {min: 2KiB, max: 4KiB}}", attributes: allocTyped},
	"verified":   {verify: "10%"},
	"every kind": {
		sort:       "{per_partition: 10}",
		operations: "{read: 30%, update: 10%, insert: 10%, delete: 10%, read_modify_write: 20%, query: 10%, scan_page: 10%}",
	},
	"parts and several": {
		size: "{uniform: {min: 2KiB, max: 4KiB}}", attributes: allocTyped,
		operations: "{read: 10%, conditional_update: 10%, partial_update: 10%, increment: 20%, append: 10%, batch_read: 10%, batch_write: 10%, transact_read: 10%, transact_write: 10%}",
		more: `conditional_update: {condition: {attribute: quantity, compare: at_least, value: 10}}
  partial_update: {attributes: [comment]}
  increment: {attribute: quantity, by: 1}
  append: {attribute: lines}
  batch_read: {items: 5}
  batch_write: {items: 5}
  transact_read: {items: 3}
  transact_write: {steps: [{do: increment, attribute: quantity, by: -1}, {do: increment, attribute: quantity, by: 1}]}`,
	},
	"window": {operations: "{read: 80%, insert: 10%, delete: 10%}", more: "delete: {items: oldest}"},
}

// allocPass is how many operations may not allocate once. Lists of recorded latencies, which are
// made and emptied within a few thousand, pass several times.
const allocPass = 20_000

// mallocs returns how often memory was allocated while f ran: exactly, fractions of an operation
// too, where testing.AllocsPerRun rounds down.
func mallocs(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}

// From schedule to recorder nothing is allocated, whatever the scenario, once each kind has been
// seen: not once in allocPass operations.
func TestNoAllocationsPerOperation(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection allocates for itself
	for name, a := range allocCases {
		t.Run(name, func(t *testing.T) {
			step := oneByOne(t, a.parse(t))
			pass := func() {
				for range allocPass {
					step()
				}
			}
			pass() // every cell, list and page, and the longest body, have their storage
			least := uint64(1 << 62)
			for range 3 { // of which something else in this process may disturb one or two
				least = min(least, mallocs(pass))
			}
			if least != 0 {
				t.Errorf("%d allocations in %d operations", least, allocPass)
			}
		})
	}
}

// oneByOne returns a function that takes one operation of a scenario the whole way: it falls due,
// is queued, handed out, made, sent to the null driver and recorded.
func oneByOne(t *testing.T, sc *workload.Scenario) func() {
	t.Helper()
	c := clock.NewVirtual(time.Unix(0, 0))
	d, err := null.Definition().Open(t.Context(), driver.Env{Clock: c, Scenario: sc, Target: sc.Targets[0]})
	if err != nil {
		t.Fatal(err)
	}
	session, err := d.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{
		clock: c, phases: sc.Workload.Phases, opCtx: context.Background(), maxLateness: time.Hour,
		open: sc.Workload.Arrival.Open != nil, verifier: newVerifier(sc),
	}
	e.pacer = &worker{shard: e.newShard()}
	w := &worker{session: session, stream: workload.NewStream(sc), shard: e.newShard(), wake: make(chan struct{}, 1)}
	if !e.open {
		return e.closedStep(w, sc)
	}
	return e.openStep(w, sc)
}

// openStep walks the schedule as the pacer does, one operation at a time.
func (e *engine) openStep(w *worker, sc *workload.Scenario) func() {
	plan := workload.NewPlan(sc)
	e.plan, e.queue = plan, newQueue(1)
	e.offered = make([]atomic.Uint64, e.cells())
	e.pacing = workload.NewStream(sc)
	walk := walk{e: e, phase: len(e.phases) - 1, batch: make([]entry, 0, paceBatch)} // beginning a phase is an event
	walk.kinds, _ = e.pacing.(kinder)
	walk.look()
	return func() {
		at := walk.due
		_ = e.clock.SleepUntil(e.opCtx, at) // a virtual clock's sleep fails only with its context
		walk.release(at)
		for e.queue.head != e.queue.tail { // more than one may be due at once
			item, base, _ := e.queue.next(w)
			e.perform(w, item, base)
		}
	}
}

// closedStep takes the stream's operations one after another, with their pauses.
func (e *engine) closedStep(w *worker, sc *workload.Scenario) func() {
	think := func(uint64) time.Duration { return 0 }
	if sc.Workload.Arrival.Closed.Think > 0 {
		think = sc.ThinkAfter
	}
	return func() {
		next, _ := e.indices.take(1, 0)
		e.perform(w, entry{index: next, due: -1}, -1)
		_ = e.clock.SleepUntil(e.opCtx, w.freeAt+think(next))
	}
}

// A trace of its own for every row, so that the run does not end before the test does.
func manyRows() string {
	var b strings.Builder
	b.WriteString("        time,operation,key,size\n")
	for i := range 100_000 {
		fmt.Fprintf(&b, "        %.4f,%s,user%d,%d\n", float64(i)*1e-4, []string{"get", "set"}[i%2], i*i%1000, 300+i%700)
	}
	return b.String()
}
