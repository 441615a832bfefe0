package results

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Recording a value n times is recording it n times.
func TestMergedRecord(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	weighted, single, counts := NewMerged(), NewMerged(), Counts{}
	for range 2000 {
		d := time.Duration(rng.Int64N(1 << rng.IntN(42)))
		n := rng.Int64N(5)
		if rng.IntN(50) == 0 {
			d = -d - 1
		}
		weighted.Record(d, n)
		for range n {
			counts.Record(d)
		}
	}
	single.Take(&counts)
	if d := cmp.Diff(single, weighted, cmp.AllowUnexported(Merged{})); d != "" {
		t.Errorf("-one by one +at once:\n%s", d)
	}
	if weighted.Overflow() == 0 || weighted.Total() == 0 {
		t.Error("nothing was tried")
	}
}
