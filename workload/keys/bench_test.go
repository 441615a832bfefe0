package keys

import (
	"math/rand/v2"
	"testing"
)

func BenchmarkPick(b *testing.B) {
	const n = 1_000_000_000
	zipf := func(theta float64) Dist {
		z, err := NewZipfian(theta)
		if err != nil {
			b.Fatal(err)
		}
		return z
	}
	hot, err := NewHotspot(0.1, 0.9)
	if err != nil {
		b.Fatal(err)
	}
	newest, err := NewLatest(0.99)
	if err != nil {
		b.Fatal(err)
	}
	must := func(d Dist, err error) Dist {
		if err != nil {
			b.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		name string
		dist Dist
	}{
		{"uniform", NewUniform()},
		{"sequential", NewSequential()},
		{"hotspot", hot},
		{"latest", newest},
		{"zipfian-0.5", zipf(0.5)},
		{"zipfian-0.99", zipf(0.99)},
		{"zipfian-1.2", zipf(1.2)},
		{"zipfian-like-ycsb", must(NewLikeYCSB(0.99, true))},
		{"exponential", must(NewExponential(0.1, 0.95))},
		{"self-similar", must(NewSelfSimilar(0.2))},
		{"moving", must(NewMoving(100, 0.8))},
		{"histogram", mustHistogram(b, histogramOf(10_000)...)},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := rand.NewPCG(1, 2)
			b.ReportAllocs()
			for i := uint64(0); b.Loop(); i++ {
				c.dist.Pick(r, i, n)
			}
		})
	}
}

// BenchmarkZipfianStart is a new distribution's first draw of a billion items.
func BenchmarkZipfianStart(b *testing.B) {
	r := rand.NewPCG(1, 2)
	b.ReportAllocs()
	for b.Loop() {
		z, err := NewZipfian(0.99)
		if err != nil {
			b.Fatal(err)
		}
		z.Pick(r, 0, 1_000_000_000)
	}
}

func BenchmarkScramble(b *testing.B) {
	for _, c := range []struct {
		name string
		n    uint64
	}{{"1e6", 1_000_000}, {"1e9", 1_000_000_000}} {
		b.Run(c.name, func(b *testing.B) {
			s := NewScramble(1, c.n)
			for i := uint64(0); b.Loop(); i++ {
				s.Of(i % c.n)
			}
		})
	}
}

// histogramOf returns n single items with shares of 1/(2n) each.
func histogramOf(n uint64) []Share {
	var out []Share
	for k := range n {
		out = append(out, Share{From: 3 * k, To: 3 * k, Share: 0.5 / float64(n)})
	}
	return out
}

func BenchmarkPlace(b *testing.B) {
	for name, p := range layouts(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := uint64(0); b.Loop(); i++ {
				p.Place(i * 7919 % 1_000_000_000)
			}
		})
	}
}
