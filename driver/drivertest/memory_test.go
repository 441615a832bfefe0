package drivertest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/workload"
	"crossover/workload/mapping"
	"crossover/workload/op"
)

// A store is a database in memory, which the suite itself is tried on.
type store struct {
	mu     sync.Mutex
	tables map[string]*memTable
	state  State
	calls  int
	mutant string // one thing done wrong on purpose
}

type memTable struct {
	owned bool
	items map[string]map[string]string
}

// memConfig is the memory driver's settings.
type memConfig struct {
	Name       string        `yaml:"name"`
	Driver     string        `yaml:"driver"`
	Table      string        `yaml:"table"`
	Expendable bool          `yaml:"expendable"`
	Timeout    time.Duration `yaml:"timeout" default:"1s"`
	Retries    struct {
		Attempts int           `yaml:"attempts" default:"10"`
		Base     time.Duration `yaml:"base" default:"1ms"`
	} `yaml:"retries"`
}

// memSecret stands for a credential.
const memSecret = "correct-horse-battery-staple"

func memSubject(mutant string) Subject {
	var db *store
	s := Subject{Place: "table", Units: true, States: []State{Faulty, Stalled}, Secrets: []string{memSecret}}
	s.Start = func(_ *testing.T, state State) Database {
		db = &store{tables: map[string]*memTable{}, state: state, mutant: mutant}
		here := db
		return Database{
			Fetch: func(_ *testing.T, sc *workload.Scenario, item uint64) map[string]string {
				here.mu.Lock()
				defer here.mu.Unlock()
				return maps.Clone(here.tables[mapping.TableName(sc)].items[itemKey(sc, item)])
			},
			Count: func(_ *testing.T, sc *workload.Scenario) int {
				here.mu.Lock()
				defer here.mu.Unlock()
				if tb := here.tables[mapping.TableName(sc)]; tb != nil {
					return len(tb.items)
				}
				return -1
			},
			Foreign: func(_ *testing.T, sc *workload.Scenario) {
				here.tables[mapping.TableName(sc)] = &memTable{items: map[string]map[string]string{"theirs": {"pk": "theirs"}}}
			},
		}
	}
	s.Definition = driver.Definition{
		Name: "memory",
		Check: func(sc *workload.Scenario, target workload.Target) (errs []error) {
			for _, e := range workload.Errors(workload.DecodeNode(sc.File, target.Node, new(memConfig))) {
				errs = append(errs, e)
			}
			return errs
		},
		Serve:  func(*workload.Scenario, workload.Target) ([]string, error) { return nil, nil },
		Config: func() any { return new(memConfig) },
		Open: func(_ context.Context, env driver.Env) (driver.Driver, error) {
			d := &memDriver{store: db, sc: env.Scenario, clock: env.Clock, rules: mapping.New(env.Scenario), quit: make(chan struct{})}
			if err := workload.DecodeNode(env.Scenario.File, env.Target.Node, &d.cfg); err != nil {
				return nil, err
			}
			go func() { <-d.quit }()
			return d, nil
		},
	}
	return s
}

func itemKey(sc *workload.Scenario, item uint64) string {
	partition, sort := sc.Place(item)
	key := sc.AppendPartitionKey(nil, partition)
	if sc.HasSort() {
		key = sc.AppendSortKey(append(key, 0), sort)
	}
	return string(key)
}

type memDriver struct {
	store       *store
	sc          *workload.Scenario
	clock       clock.Clock
	rules       *mapping.Mapping
	cfg         memConfig
	quit        chan struct{}
	read, write float64 // consumed, under the store's lock
}

func (d *memDriver) Close() error {
	if d.store.mutant != "leak" {
		close(d.quit)
	}
	return nil
}

func (d *memDriver) Describe(context.Context) (driver.Description, error) {
	about := driver.Description{Kind: driver.Other, Identity: "a map", Client: "none", Settings: map[string]string{}}
	if d.store.mutant == "secret" {
		about.Settings["password"] = memSecret
	}
	return about, nil
}

func (d *memDriver) Provision(context.Context) error {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	name := mapping.TableName(d.sc)
	tb := d.store.tables[name]
	switch {
	case tb == nil:
		d.store.tables[name] = &memTable{owned: true, items: map[string]map[string]string{}}
	case !tb.owned && (d.cfg.Table == "" || !d.cfg.Expendable) && d.store.mutant != "takeover":
		return fmt.Errorf("table %s %w", name, driver.ErrNotOwned)
	}
	return nil
}

func (d *memDriver) Drop(context.Context) error {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	name := mapping.TableName(d.sc)
	if tb := d.store.tables[name]; tb != nil && (tb.owned || d.store.mutant == "drop") {
		delete(d.store.tables, name)
	}
	return nil
}

func (d *memDriver) Load(ctx context.Context, from, to uint64, report func(uint64)) error {
	l := workload.NewLoader(d.sc)
	for item := from; item < to; item++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		d.store.mu.Lock()
		d.put(item, 0, l.Body(nil, item))
		_, w, _ := d.rules.DynamoDBUnits(op.Insert, d.sc.ItemSize(item))
		if d.store.mutant != "meter" {
			d.write += w
		}
		d.store.mu.Unlock()
		report(1)
	}
	return nil
}

func (d *memDriver) put(item, version uint64, body []byte) {
	if d.store.mutant == "body" && item == 17 {
		body = slices.Clone(body)
		body[len(body)-1]++
	}
	d.table().items[itemKey(d.sc, item)] = attributes(d.sc, item, version, body)
}

func (d *memDriver) table() *memTable { return d.store.tables[mapping.TableName(d.sc)] }

func (d *memDriver) Consumed() (float64, float64) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	return d.read, d.write
}

func (d *memDriver) Session(context.Context) (driver.Session, error) { return &memSession{d: d}, nil }

type memSession struct {
	d    *memDriver
	next string // where the next scan page begins
}

func (s *memSession) Do(ctx context.Context, o *op.Op, out *op.Outcome) {
	if s.d.store.mutant == "reset" {
		out.Class, out.Items, out.Err, out.Requests = op.OK, 0, nil, 0
	} else {
		out.Reset()
	}
	for {
		start := s.d.clock.Now()
		out.Requests = 1
		class, reason := s.try(ctx, o, out)
		latency := max(s.d.clock.Now()-start, 1)
		if o.Kind == op.ReadModifyWrite && class == op.OK {
			out.Attempts = append(out.Attempts, op.Attempt{Start: start, Latency: latency, Class: op.OK})
			start, out.Requests = start+latency, 2
		}
		for s.d.clock.Now() < start+latency {
			continue // two attempts may share one tick of the clock
		}
		out.Attempts = append(out.Attempts, op.Attempt{Start: start, Latency: latency, Class: class, Reason: reason})
		out.Class = class
		if reason != "" {
			out.Reason, out.Err = reason, errors.New(reason)
		}
		again := class == op.Throttled || class == op.Timeout && ctx.Err() == nil
		if !again || len(out.Attempts) >= s.d.cfg.Retries.Attempts {
			break
		}
		if s.d.store.mutant == "hidden" {
			out.Attempts = out.Attempts[:len(out.Attempts)-1]
			out.Reason = ""
		}
	}
	if out.Class <= op.ConditionFailed {
		out.Err = nil
	}
}

// try makes one attempt.
func (s *memSession) try(ctx context.Context, o *op.Op, out *op.Outcome) (op.Class, string) {
	if s.d.store.mutant != "context" && ctx.Err() != nil {
		return op.Timeout, "ContextEnded"
	}
	if s.d.store.state == Stalled {
		ctx, cancel := context.WithTimeout(ctx, s.d.cfg.Timeout)
		defer cancel()
		<-ctx.Done()
		return op.Timeout, "Timeout"
	}
	s.d.store.mu.Lock()
	defer s.d.store.mu.Unlock()
	if s.d.store.calls++; s.d.store.state == Faulty && s.d.store.calls%5 == 0 {
		return op.Throttled, "Throttled"
	}
	switch {
	case o.Kind == op.ScanPage:
		return s.page(o, out), ""
	case o.Kind == op.Query && s.d.sc.HasSort():
		return s.query(o, out), ""
	}
	return s.single(o, out), ""
}

func (s *memSession) single(o *op.Op, out *op.Outcome) op.Class {
	items := s.d.table().items
	key := itemKey(s.d.sc, o.Item)
	_, there := items[key]
	size := s.d.sc.ItemSize(o.Item)
	read, write, _ := s.d.rules.DynamoDBUnits(o.Kind, size)
	conditions := s.d.store.mutant != "condition"
	switch {
	case conditions && (o.Condition == op.MustExist && !there && o.Kind != op.ReadModifyWrite || o.Condition == op.MustNotExist && there):
		return op.ConditionFailed
	case !there && (o.Kind == op.Read || o.Kind == op.Query || o.Kind == op.ReadModifyWrite && s.d.store.mutant != "upsert"):
		return op.NotFound
	case o.Kind == op.Read || o.Kind == op.Query:
		out.Items, out.BytesIn = 1, size
	case o.Kind == op.Delete:
		delete(items, key)
		out.Items = 1
	default:
		if o.Kind == op.ReadModifyWrite {
			out.BytesIn, out.Items = size, 1
		}
		s.d.put(o.Item, o.Version, o.Body)
		out.BytesOut, out.Items = size, out.Items+1
	}
	s.consume(out, read, write)
	return op.OK
}

func (s *memSession) consume(out *op.Outcome, read, write float64) {
	out.ReadUnits, out.WriteUnits = read, write
	if s.d.store.mutant == "units" {
		out.ReadUnits *= 2
	}
	s.d.read += out.ReadUnits
	s.d.write += out.WriteUnits
}

func (s *memSession) query(o *op.Op, out *op.Outcome) op.Class {
	prefix := itemKey(s.d.sc, o.Item)
	prefix = prefix[:strings.IndexByte(prefix, 0)+1]
	for _, key := range slices.Sorted(maps.Keys(s.d.table().items)) {
		if strings.HasPrefix(key, prefix) && out.Items < int(o.Limit) {
			s.count(key, out)
		}
	}
	if out.Items == 0 {
		return op.NotFound
	}
	s.consume(out, 1, 0)
	return op.OK
}

func (s *memSession) page(o *op.Op, out *op.Outcome) op.Class {
	keys := slices.SortedFunc(maps.Keys(s.d.table().items), cmp.Compare[string])
	from, _ := slices.BinarySearch(keys, s.next)
	to := min(from+int(o.Limit), len(keys))
	for _, key := range keys[from:to] {
		s.count(key, out)
	}
	s.next = ""
	if to < len(keys) {
		s.next = keys[to]
		if s.d.store.mutant == "page" {
			s.next += "\x00"
		}
	}
	s.consume(out, 1, 0)
	return op.OK
}

func (s *memSession) count(key string, out *op.Outcome) {
	out.Items++
	for name, value := range s.d.table().items[key] {
		out.BytesIn += uint64(len(name) + len(value))
	}
}
