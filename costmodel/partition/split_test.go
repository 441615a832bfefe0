package partition

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drive offers requests to keys by turns for so long; a tick is a tenth of a second.
func drive(t *Table, from, length time.Duration, offers ...struct {
	key  Key
	rate float64
	r    Request
},
) []float64 {
	got := make([]float64, len(offers))
	owed := make([]float64, len(offers))
	for now := from; now < from+length; now += 100 * time.Millisecond {
		for i, o := range offers {
			owed[i] += o.rate / 10
			n := int(owed[i])
			owed[i] -= float64(n)
			o.r.Key = o.key
			admitted, _ := t.AdmitMany(now, o.r, n)
			got[i] += float64(admitted) / length.Seconds()
		}
	}
	return got
}

type offer = struct {
	key  Key
	rate float64
	r    Request
}

// Frequently accessed items that share a partition are brought apart, until one can be alone
// with its partition (Developer Guide, "Isolate frequently accessed items").
func TestIsolation(t *testing.T) {
	var splits []Split
	tab := New(Config{OnSplit: func(s Split) { splits = append(splits, s) }}, 0)
	w := Request{Write: 1}
	offers := []offer{{Key{Hash: 100}, 990, w}, {Key{Hash: 110}, 990, w}, {Key{Hash: 120}, 990, w}}
	if got := drive(tab, 0, time.Minute, offers...); got[0]+got[1]+got[2] > 1050 {
		t.Errorf("one partition served %v writes/s", got)
	}
	drive(tab, time.Minute, 40*time.Minute, offers...)
	for i, rate := range drive(tab, 41*time.Minute, time.Minute, offers...) {
		if math.Abs(rate-990) > 10 {
			t.Errorf("item %d is served at %v writes/s once it is alone, want 990", i, rate)
		}
	}
	if len(splits) != 2 || splits[0].Why != ForHeat || splits[0].Partitions != 5 || splits[0].At < SplitAfter || splits[0].At > SplitAfter+3*splitWindow {
		t.Errorf("splits: %+v", splits)
	}
}

// A partition that is not split says why.
func TestStuck(t *testing.T) {
	for _, c := range []struct {
		name   string
		config Config
		key    func(*client) Key
		want   string
	}{
		{"one item", Config{}, one, StuckItem},
		{"an LSI", Config{LocalIndexes: true}, collection, StuckIndex},
		{"an ever-increasing sort key", Config{}, follow, StuckMonotonic},
		{"nothing", Config{}, collection, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newClient(c.config, Request{Write: 1}, c.key)
			x.offer(3000, 15*time.Minute)
			got := ""
			for _, h := range x.table.Heat() {
				if h.WriteUnits > 0 && h.Stuck != "" {
					got = h.Stuck
				}
			}
			if got != c.want || (x.table.Len() == 4) != (c.want != "") {
				t.Errorf("stuck for %q with %d partitions, want %q", got, x.table.Len(), c.want)
			}
		})
	}
}

// Load that is not sustained, or not near the limit, splits nothing.
func TestNoSplit(t *testing.T) {
	x := newClient(Config{}, Request{Write: 1}, collection)
	for range 10 {
		x.offer(2000, 9*time.Minute)
		x.offer(100, time.Minute)
	}
	x.offer(850, time.Hour)
	if got := x.table.Len(); got != 4 {
		t.Errorf("%d partitions, want 4", got)
	}
	never := newClient(Config{Assumptions: Assumptions{SplitAfter: -1}}, Request{Write: 1}, collection)
	never.offer(2000, time.Hour)
	if got := never.table.Len(); got != 4 {
		t.Errorf("with split_after=never %d partitions, want 4", got)
	}
}

// Strong and eventual reads share a partition: each takes its part.
func TestMixedReads(t *testing.T) {
	tab := New(Config{}, 0)
	k := Key{Hash: 1}
	got := drive(tab, 0, 2*time.Minute, offer{k, 1500, Request{Read: 1}}, offer{k, 20_000, Request{Read: 0.5, Eventual: true}})
	if math.Abs(got[0]-1500) > 75 || math.Abs(got[1]-4500) > 225 {
		t.Errorf("%v strong and %v eventual reads/s, want 1,500 and half of 9,000", got[0], got[1])
	}
}

// TestManyIsOneByOne: a batch is admitted as its requests one by one would be.
func TestManyIsOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Config{Provisioned: rapid.Bool().Draw(t, "provisioned"), Read: 700, Write: 300, MaxWrite: 400}
		if rapid.Bool().Draw(t, "quota") {
			c.Quota = NewQuota(900, 350, 0)
		}
		many := New(c, 0)
		if c.Quota != nil {
			c.Quota = NewQuota(900, 350, 0)
		}
		single := New(c, 0)
		now := time.Duration(0)
		for range 40 {
			now += time.Duration(rapid.IntRange(0, 2000).Draw(t, "gap")) * time.Millisecond
			r := Request{Key: Key{Hash: rapid.Uint64().Draw(t, "hash")}, Read: 0.5, Eventual: true}
			if rapid.Bool().Draw(t, "write") {
				r = Request{Key: r.Key, Write: float64(rapid.IntRange(1, 5).Draw(t, "units"))}
			}
			n, want := rapid.IntRange(1, 2000).Draw(t, "n"), 0
			var last Decision
			for range n {
				if d := single.AdmitKey(now, r); d.OK {
					want++
				} else {
					last = d
				}
			}
			got, d := many.AdmitMany(now, r, n)
			// Where two limits end at once, one rounding may differ.
			if got < want-1 || got > want+1 || got < n && want < n && d.Reason(false) != last.Reason(false) {
				t.Fatalf("%d of %d at once (%s), %d one by one (%s)", got, n, d.Reason(false), want, last.Reason(false))
			}
		}
	})
}

func TestAssumptions(t *testing.T) {
	a, err := ParseAssumptions("split_after=2m, eventual_read=3000,partitions=sum,split_load=0.8")
	if err != nil || a.SplitAfter != 2*time.Minute || a.EventualRead != 3000 || !a.Additive || a.SplitLoad != 0.8 {
		t.Errorf("%+v, %v", a, err)
	}
	if n := New(Config{Assumptions: a}, 0).Len(); n != 8 {
		t.Errorf("%d partitions by the sum, want 8", n)
	}
	for _, text := range []string{"split=1", "split_after=1s", "split_after=soon", "eventual_read=2999", "partitions=many", "split_gain=0.5", "split_bytes"} {
		if _, err := ParseAssumptions(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	for _, x := range AssumptionList {
		var again Assumptions
		if err := again.Set(x.Name, a.Get(x.Name)); err != nil || again.Get(x.Name) != a.Get(x.Name) {
			t.Errorf("%s: %q does not come back: %v", x.Name, a.Get(x.Name), err)
		}
	}
}

func FuzzParseAssumptions(f *testing.F) {
	for _, s := range []string{"", "split_after=never", "split_after=10m,eventual_read=4500", "=,,=", "monotonic=NaN"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAssumptions(text)
		if err != nil {
			return
		}
		for _, x := range AssumptionList {
			var b Assumptions
			if err := b.Set(x.Name, a.Get(x.Name)); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
		}
	})
}
