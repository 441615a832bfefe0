package workload

import (
	"math"
	"strconv"
	"testing"
)

func TestDecimals(t *testing.T) {
	check := func(n uint64) {
		if got, want := decimals(n), len(strconv.FormatUint(n, 10)); got != want {
			t.Errorf("%d has %d digits, want %d", n, got, want)
		}
	}
	check(0)
	check(math.MaxUint64)
	for shift := range 64 {
		for d := -2; d <= 2; d++ {
			check(1<<shift + uint64(d))
		}
	}
	for p := uint64(1); p < math.MaxUint64/10; p *= 10 {
		for d := -2; d <= 2; d++ {
			check(10*p + uint64(d))
		}
	}
}
