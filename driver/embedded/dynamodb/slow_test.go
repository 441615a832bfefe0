package dynamodb

import (
	"strings"
	"testing"
	"time"

	"crossover/driver/clock"
)

// What is asked of a partition that an event made slow takes that much longer, and of no other;
// 0s ends it, of one partition alone.
func TestEventSlow(t *testing.T) {
	server, err := New(Options{Clock: clock.Real()})
	if err != nil {
		t.Fatal(err)
	}
	obey := func(o order) error { o.Do = "slow"; return server.obey(t.Context(), o) }
	took := func(name string, partition int) time.Duration {
		return server.drill.slowness(&call{table: &table{name: name}, partition: partition})
	}
	for _, o := range []order{{Table: "t", Partition: 1, By: "5ms"}, {Table: "t", Partition: 3, By: "7ms"}} {
		if err := obey(o); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name      string
		partition int
		want      time.Duration
	}{{"t", 0, 5 * time.Millisecond}, {"t", 1, 0}, {"t", 2, 7 * time.Millisecond}, {"u", 0, 0}, {"t", -1, 0}} {
		if got := took(c.name, c.partition); got != c.want {
			t.Errorf("partition %d of %s takes %v longer, want %v", c.partition, c.name, got, c.want)
		}
	}
	if err := obey(order{Table: "t", Partition: 1, By: "0s"}); err != nil || took("t", 0) != 0 || took("t", 2) == 0 {
		t.Errorf("after the first's end: %v, %v, %v", took("t", 0), took("t", 2), err)
	}
	if err := obey(order{Table: "t", Partition: 3, By: "0s"}); err != nil || server.drill.slow.Load() != nil {
		t.Errorf("partitions are left slow: %v", err)
	}
	for _, o := range []order{{Table: "t", Partition: 1}, {Table: "t", Partition: 1, By: "-1s"}, {Table: "t", Partition: 1, By: "2h"}, {Table: "t", By: "5ms"}, {Partition: 1, By: "5ms"}} {
		if err := obey(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

// FuzzEvent posts anything as an event: it is refused, or leaves shares and times within bounds.
func FuzzEvent(f *testing.F) {
	for _, text := range []string{
		`{"do":"throttle","share":0.2}`, `{"do":"error500","share":1}`, `{"do":"delay","share":1,"by":"20ms"}`, `{"do":"reset_connections"}`,
		`{"do":"slow","table":"t","partition":1,"by":"5ms"}`, `{"do":"slow","table":"t","partition":1,"by":"0s"}`,
		`{"do":"delay","share":1e999}`, `{"do":"delay","share":-0,"by":"9223372036854775807ns"}`, `null`, `[]`, `{}{}`, `{"do":"slow","partition":9223372036854775807,"table":"t","by":"1h"}`,
	} {
		f.Add(text)
	}
	server, err := New(Options{Clock: clock.Real()})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := readOrder(strings.NewReader(text))
		if err == nil {
			err = server.obey(t.Context(), o)
		}
		if err != nil && err.Error() == "" {
			t.Error("refused without a word")
		}
		if d := server.drill.faults.Load(); d != nil {
			for _, share := range []float64{d.Throttle, d.Error500, d.Delay} {
				if !(share >= 0 && share <= 1) {
					t.Errorf("%q: a share of %v", text, share)
				}
			}
			if d.DelayFor < 0 || d.DelayFor > time.Hour || d.Delay > 0 && d.DelayFor == 0 {
				t.Errorf("%q: %v of the requests by %v", text, d.Delay, d.DelayFor)
			}
		}
		if slow := server.drill.slow.Load(); slow != nil {
			for at, by := range *slow {
				if at.partition < 0 || at.table == "" || by <= 0 || by > time.Hour {
					t.Errorf("%q: %+v by %v", text, at, by)
				}
			}
		}
	})
}
