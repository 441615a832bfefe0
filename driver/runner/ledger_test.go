package runner

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/workload"
	"crossover/workload/op"
)

// A loadLog is a driver that remembers which items it was given, and fails after so many ranges.
type loadLog struct {
	mu     sync.Mutex
	ranges int
	fail   int // ranges after which loading fails; 0: never
	times  map[uint64]int
	lie    bool // items are there, with another content
}

func (*loadLog) Close() error                                      { return nil }
func (l *loadLog) Session(context.Context) (driver.Session, error) { return l, nil }

func (l *loadLog) Do(_ context.Context, o *op.Op, out *op.Outcome) {
	out.Reset()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.times[o.Item] == 0:
		out.Class = op.NotFound
	case l.lie:
		out.Check = op.Corrupt
	default:
		out.Check = op.Intact
	}
}

var errLoad = errors.New("the database went away")

func (l *loadLog) Load(_ context.Context, from, to uint64, report func(uint64)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ranges++; l.fail > 0 && l.ranges > l.fail {
		l.times[from]++ // part of a range that was not acknowledged
		return errLoad
	}
	for i := from; i < to; i++ {
		l.times[i]++
	}
	report(to - from)
	return nil
}

func (l *loadLog) Items(context.Context) (uint64, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(len(l.times)), true, nil
}

// A load that was interrupted goes on with the ranges that its ledger lacks, and with those
// only; the whole is checked.
func TestResumeLoad(t *testing.T) {
	book := filepath.Join(t.TempDir(), "deep", LedgerFile)
	config := func(d driver.Driver, resume bool) Config {
		sc, err := workload.Parse("x.yaml", []byte(`version: 1
name: x
dataset: {items: 10_000, size: 100B}
workload: {operations: {read: 100%}, arrival: {closed: {}}, phases: [{name: a, operations: 10}]}
targets: [{name: x, driver: "null"}]
`))
		if err != nil {
			t.Fatal(err)
		}
		return Config{Scenario: sc, Driver: d, Clock: clock.Real(), LoadWorkers: 4, Ledger: book, ResumeLoad: resume}
	}
	d := &loadLog{times: map[uint64]int{}, fail: 20}
	if _, err := Load(t.Context(), config(d, false)); !errors.Is(err, errLoad) {
		t.Fatal(err)
	}
	text, err := os.ReadFile(book)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); n != 21 { // the head, and the ranges that were acknowledged
		t.Fatalf("%d lines:\n%s", n, text)
	}
	f, err := os.OpenFile(book, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"from":9`); err != nil { // torn by a kill
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), config(d, false)); err == nil {
		t.Error("a load began over another's ledger")
	}
	d.fail = 0
	m, err := Load(t.Context(), config(d, true))
	if err != nil {
		t.Fatal(err)
	}
	if want := "loaded, 3120 of 10000 items by a load that was interrupted; verified: count and 100 items"; m.Dataset != want || m.Loaded != 10_000 {
		t.Errorf("%d items %q, want %q", m.Loaded, m.Dataset, want)
	}
	again := 0
	for i := range uint64(10_000) {
		switch n := d.times[i]; {
		case n == 0:
			t.Fatalf("item %d was not loaded", i)
		case n > 1:
			again++
		}
	}
	if again > 4 { // the first item of each range that was under way
		t.Errorf("%d items were loaded twice", again)
	}
	// Once more: nothing is left to load.
	before := d.ranges
	if m, err = Load(t.Context(), config(d, true)); err != nil || d.ranges != before || !strings.Contains(m.Dataset, "10000 of 10000") {
		t.Errorf("%d ranges more, %q, %v", d.ranges-before, m.Dataset, err)
	}

	for name, change := range map[string]func(*Config){
		"seed":      func(c *Config) { c.Scenario.Seed = 2 },
		"items":     func(c *Config) { c.Scenario.Dataset.Items = 20_000 },
		"target":    func(c *Config) { c.Target.Name = "other" },
		"no ledger": func(c *Config) { c.Ledger = filepath.Join(t.TempDir(), LedgerFile) },
		"content":   func(c *Config) { c.Driver = &loadLog{times: d.times, lie: true} },
	} {
		c := config(d, true)
		change(&c)
		if _, err := Load(t.Context(), c); !errors.Is(err, driver.ErrDataset) {
			t.Errorf("another %s: %v", name, err)
		}
	}
}

// What is missing and what is there cover every item once, whatever the ledger holds.
func TestLedgerGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.Uint64Range(1, 200).Draw(t, "items")
		l := &ledger{}
		there := make([]bool, items)
		for range rapid.IntRange(0, 20).Draw(t, "spans") {
			from := rapid.Uint64Range(0, items-1).Draw(t, "from")
			to := rapid.Uint64Range(from+1, items).Draw(t, "to")
			l.spans = append(l.spans, span{from, to})
			for i := from; i < to; i++ {
				there[i] = true
			}
		}
		next := cut(l.missing(items), rapid.Uint64Range(1, 50).Draw(t, "piece"))
		for s, ok := next(); ok; s, ok = next() {
			for i := s.From; i < s.To; i++ {
				if there[i] {
					t.Fatalf("item %d is loaded twice", i)
				}
				there[i] = true
			}
		}
		for i, ok := range there {
			if !ok {
				t.Fatalf("item %d is not loaded", i)
			}
		}
	})
}

func FuzzReadLedger(f *testing.F) {
	head := `{"format":1,"scenario":"s","data":"d","items":100,"target":"t","identity":"i","place":"p"}`
	for _, text := range []string{"", head, head + "\n" + `{"from":0,"to":10}` + "\n", head + "\n" + `{"from":5`, head + "\n\n" + `{"from":9,"to":3}` + "\n", "null", `{"format":2}`} {
		f.Add([]byte(text))
	}
	path := filepath.Join(f.TempDir(), LedgerFile)
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		k, err := readLedger(path)
		if err != nil {
			return
		}
		for _, s := range k.spans {
			if s.From >= s.To || s.To > k.head.Items {
				t.Errorf("span %+v of %d items", s, k.head.Items)
			}
		}
		again, err := readLedger(path)
		if diff := cmp.Diff(k, again, cmp.AllowUnexported(keptLedger{})); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}
