package aerospike

import (
	"testing"

	as "github.com/aerospike/aerospike-client-go/v7"

	server "crossover/driver/embedded/aerospike"
	"crossover/workload/op"
)

// The driver's cost is the difference between a session's benchmark and the client's: both
// send the same requests to the same cluster, whose delays are off.

func benchmark(b *testing.B, f func(b *testing.B, d *cluster)) {
	sc := shape{items: 1000}.scenario(b)
	f(b, ready(b, sc, hosts(start(b, server.Options{}).Seed())))
}

func BenchmarkSessionGet(b *testing.B) {
	benchmark(b, func(b *testing.B, d *cluster) { sessionLoop(b, d, op.Read) })
}

func BenchmarkSessionPut(b *testing.B) {
	benchmark(b, func(b *testing.B, d *cluster) { sessionLoop(b, d, op.Update) })
}

func sessionLoop(b *testing.B, d *cluster, kind op.Kind) {
	s, err := d.Session(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	o, out := operation(d.sc, kind, 7), new(op.Outcome)
	b.ReportAllocs()
	for b.Loop() {
		s.Do(b.Context(), o, out)
		if out.Class != op.OK {
			b.Fatal(out.Err)
		}
	}
}

func BenchmarkClientGet(b *testing.B) {
	benchmark(b, func(b *testing.B, d *cluster) {
		policy := basePolicy(d.cfg.Timeout)
		key := userKey(b, d.sc, d.set, 7)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := d.client.Get(&policy, key); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkClientPut(b *testing.B) {
	benchmark(b, func(b *testing.B, d *cluster) {
		policy := d.writePolicy(d.cfg.Timeout, as.REPLACE)
		r := newRecord(d.sc, "test", d.set)
		o := operation(d.sc, op.Update, 7)
		r.address(o.Partition, o.Sort)
		r.fill(o.Version, o.Body)
		b.ReportAllocs()
		for b.Loop() {
			if err := d.client.PutBins(policy, r.key, r.bins...); err != nil {
				b.Fatal(err)
			}
		}
	})
}
