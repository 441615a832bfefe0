package dynamodb

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// drawn returns the median of many draws.
func drawnMedian(m *LatencyModel, operation string, e effort) time.Duration {
	rng := rand.New(rand.NewPCG(1, 2))
	var all []time.Duration
	for range 4001 {
		all = append(all, m.draw(rng, operation, e, false))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// TestLatencyModel: each setting moves the median, or the spread, by what it says.
func TestLatencyModel(t *testing.T) {
	for _, c := range []struct {
		text      string
		operation string
		e         effort
		want      time.Duration
	}{
		{"", "GetItem", effort{}, 1800 * time.Microsecond},
		{"", "GetItem", effort{strong: true}, 2500 * time.Microsecond},
		{"strong=0s", "GetItem", effort{strong: true}, 1800 * time.Microsecond},
		{"GetItem=4ms", "GetItem", effort{}, 4 * time.Millisecond},
		{"GetItem=4ms", "PutItem", effort{}, 3200 * time.Microsecond},
		{"scale=0.5", "GetItem", effort{}, 900 * time.Microsecond},
		{"network=1ms", "GetItem", effort{}, 2800 * time.Microsecond},
		{"spread=0,cross_az=3ms", "GetItem", effort{}, 4800 * time.Microsecond}, // two of three cross over
	} {
		m, err := ParseLatency(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := drawnMedian(&m, c.operation, c.e); math.Abs(float64(got-c.want)) > 0.03*float64(c.want) {
			t.Errorf("%q: %s at the median, want %s", c.text, got, c.want)
		}
	}
	m := LatencyModel{Spread: -1, CrossAZ: time.Millisecond}
	rng := rand.New(rand.NewPCG(1, 2))
	crossed := 0
	for range 3000 {
		switch m.draw(rng, "GetItem", effort{}, false) {
		case 2800 * time.Microsecond:
			crossed++
		case 1800 * time.Microsecond:
		default:
			t.Fatal("neither in one zone nor in two")
		}
	}
	if crossed < 1900 || crossed > 2100 {
		t.Errorf("%d of 3,000 crossed over, want two thirds", crossed)
	}
}

// TestDefaultModelIsUnchanged: the draws of the default model are those that simulations and
// earlier runs had: one number each.
func TestDefaultModelIsUnchanged(t *testing.T) {
	a, b := rand.New(rand.NewPCG(3, 4)), rand.New(rand.NewPCG(3, 4))
	for range 100 {
		want := time.Duration(float64(medians["PutItem"]) * math.Exp(spread*b.NormFloat64()))
		if got := serviceTime(a, "PutItem", effort{}, false); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
}

func TestLatencyRefused(t *testing.T) {
	for _, text := range []string{"GetItem", "GetItem=-1s", "GetItem=2h", "CreateTable=1s", "scale=0", "spread=x", "spread=4", "network=1ms,network=2ms", "cross_az=1", "nothing=1ms"} {
		if m, err := ParseLatency(text); err == nil {
			t.Errorf("%q gave %+v", text, m)
		}
	}
}

// TestSlowPartition: the partitions that the seed chooses are slow, always, and no others are.
func TestSlowPartition(t *testing.T) {
	f, err := ParseFaults("slow=50%:7ms")
	if err != nil || f != (Faults{Slow: 0.5, SlowFor: 7 * time.Millisecond}) {
		t.Fatalf("%+v %v", f, err)
	}
	h := newHost(t, Options{Faults: f, Seed: 3})
	h.newTable(true)
	slow := map[string]map[time.Duration]bool{}
	for i := range 200 {
		body := fmt.Sprintf(`{"TableName":"Table","Key":{"id":{"S":"%d"},"at":{"N":"1"}}}`, i)
		before := h.clock.Now()
		w := h.send(targetPrefix+"GetItem", body)
		p := w.Header().Get("X-Crossover-Partition")
		if slow[p] == nil {
			slow[p] = map[time.Duration]bool{}
		}
		slow[p][h.clock.Now()-before] = true
	}
	some := map[time.Duration]int{}
	for p, took := range slow {
		if len(took) != 1 {
			t.Errorf("partition %s is now slow and now not: %v", p, took)
		}
		for d := range took {
			some[d]++
		}
	}
	if d := cmp.Diff(map[time.Duration]int{0: 3, 7 * time.Millisecond: 1}, some); d != "" { // as this seed has it
		t.Errorf("partitions by how long they take: %s", d)
	}
	if n := h.server.injected.counts()["slow"]; n == 0 || n == 200 {
		t.Errorf("%d of 200 requests were counted as slow", n)
	}
}
