package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"crossover/driver/clock"
	"crossover/workload/mapping"
	"crossover/workload/op"
)

func jsonOf(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// partly answers a BatchWriteItem by writing the first keep items and leaving the rest.
func (s *standin) partly(w http.ResponseWriter, r *http.Request, keep int) {
	var in standinRequest
	var raw struct{ RequestItems map[string][]json.RawMessage }
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = errors.Join(json.Unmarshal(body, &in), json.Unmarshal(body, &raw))
	}
	if err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	units, left := 0.0, map[string]any{}
	for name, list := range in.RequestItems {
		for _, write := range list[:min(keep, len(list))] {
			s.tables[name].items[storeKey(write.PutRequest.Item)] = write.PutRequest.Item
			units += writeUnits(itemSize(write.PutRequest.Item))
		}
		if keep < len(list) {
			left[name] = raw.RequestItems[name][keep:]
		}
	}
	answer(w, map[string]any{"UnprocessedItems": left, "ConsumedCapacity": []any{map[string]any{"TableName": tableName, "CapacityUnits": units}}})
}

// What a batch leaves unprocessed is sent again, counted as throttled, and paid for once.
func TestLoadSendsAgain(t *testing.T) {
	s, sc := startStandin(t), scenario(t, `{items: 60, size: {uniform: {min: 300B, max: 3000B}}}`, mixedOps)
	d := on(t, s, sc, ", "+quick)
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.hook = func(w http.ResponseWriter, r *http.Request, name string, n int) bool {
		switch {
		case name != "BatchWriteItem":
			return false
		case n == 1: // 25 items, of which 18 are left; then 18, of which 11
			s.partly(w, r, 7)
		case n == 2:
			s.partly(w, r, 7)
		case n == 3:
			throttle(w, keyRange)
		case n == 4:
			refuse(w, http.StatusInternalServerError, "InternalServerError", "")
		default:
			return false
		}
		return true
	}
	var reports []uint64
	if err := d.Load(t.Context(), 0, 60, func(n uint64) { reports = append(reports, n) }); err != nil {
		t.Fatal(err)
	}
	if got, want := jsonOf(t, reports), "[7,7,11,25,10]"; got != want {
		t.Errorf("reported %s, want %s", got, want)
	}
	if n := s.database().Count(t, sc); n != 60 {
		t.Errorf("%d items", n)
	}
	sample, err := d.Sample(t.Context())
	if err != nil || sample.Counters[loadThrottles] != 18+11+1 {
		t.Errorf("%g throttled, want 30; error %v", sample.Counters[loadThrottles], err)
	}
	want, rules := 0.0, mapping.New(sc)
	for item := range sc.Dataset.Items {
		_, w, _ := rules.DynamoDBUnits(op.Insert, sc.ItemSize(item))
		want += w
	}
	if read, write := d.Consumed(); read != 0 || write != want {
		t.Errorf("consumed %g and %g, want 0 and %g", read, write, want)
	}
}

// Loading gives up when nothing at all is accepted for long; a virtual clock's pauses are over
// at once.
func TestLoadGivesUp(t *testing.T) {
	s, sc := startStandin(t), scenario(t, small, mixedOps)
	c := clock.NewVirtual(time.Unix(0, 0))
	opened, err := openDriver(t, c, sc, "", "endpoint: "+s.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	d := opened.(*Driver)
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.hook = func(w http.ResponseWriter, r *http.Request, name string, _ int) bool {
		if name == "BatchWriteItem" {
			s.partly(w, r, 0)
		}
		return name == "BatchWriteItem"
	}
	err = d.Load(t.Context(), 0, 20, func(uint64) {})
	if err == nil || !strings.Contains(err.Error(), "accepted nothing for 2m0s") || c.Now() < noProgress {
		t.Errorf("after %v: %v", c.Now(), err)
	}
}

func TestLoadStops(t *testing.T) {
	s, sc := startStandin(t), scenario(t, small, mixedOps)
	d := on(t, s, sc, "")
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Run("at an error that will not pass", func(t *testing.T) {
		s.hook = func(w http.ResponseWriter, _ *http.Request, name string, _ int) bool {
			if name == "BatchWriteItem" {
				refuse(w, http.StatusBadRequest, "ValidationException", "no")
			}
			return name == "BatchWriteItem"
		}
		before := s.called("BatchWriteItem")
		if err := d.Load(t.Context(), 0, 20, func(uint64) {}); err == nil || s.called("BatchWriteItem")-before != 1 {
			t.Errorf("error %v after %d requests", err, s.called("BatchWriteItem")-before)
		}
	})
	t.Run("with its context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s.hook = func(w http.ResponseWriter, r *http.Request, name string, _ int) bool {
			cancel()
			s.partly(w, r, 0)
			return true
		}
		if err := d.Load(ctx, 0, 20, func(uint64) {}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// A failed condition is billed and not reported, and so may be a write that was not answered:
// the meter counts them by the size rules, the outcome does not.
func TestMeterCountsWhatIsNotReported(t *testing.T) {
	sc := scenario(t, "{items: 20, size: 3000B}", "  operations: {update: 100%}\n  write: {condition: existence}")
	for name, reply := range map[string]func(w http.ResponseWriter, r *http.Request){
		"condition": func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, http.StatusBadRequest, conditionFailed, "")
		},
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"reset":     func(w http.ResponseWriter, _ *http.Request) { abort(w) },
	} {
		f := start(t, sc, "timeout: 50ms, retries: {attempts: 1}")
		_, before := f.driver.(*Driver).Consumed()
		f.onCall("PutItem", func(w http.ResponseWriter, r *http.Request, _ int) bool {
			reply(w, r)
			return true
		})
		_, out := f.do(t, 1)
		if _, after := f.driver.(*Driver).Consumed(); after-before != 3 || out.WriteUnits != 0 {
			t.Errorf("%s: metered %g write units, reported %g; want 3 and 0 (class %v)", name, after-before, out.WriteUnits, out.Class)
		}
	}
	f := start(t, sc, "retries: {attempts: 1}")
	_, before := f.driver.(*Driver).Consumed()
	f.onCall("PutItem", func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		throttle(w, keyRange)
		return true
	})
	f.do(t, 1)
	if _, after := f.driver.(*Driver).Consumed(); after != before {
		t.Errorf("a throttled write was metered as %g units", after-before)
	}
}
